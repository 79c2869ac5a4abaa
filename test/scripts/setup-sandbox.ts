import { execFileSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';

const scripts = fileURLToPath(new URL('../../scripts', import.meta.url));

/** What setup uses of every Linux system. */
const ordinaryTools =
  'bash cat cut dirname find flock grep id mktemp nproc paste readlink rm sed sha256sum sort tail uname xargs'.split(
    ' ',
  );
const neededPrograms = 'g++ make python3 linux.uml modprobe busybox ip'.split(' ');

/** A Node.js that only tells its version; its headers are found in the usual places. */
const fakeNode = (version: string) => `#!/bin/bash\necho ${version}\n`;

/** A program that notes its call in the project's `calls`, then does `then`. */
const noting = (name: string, then: string) =>
  `#!/bin/bash\necho "${name} $*" >>"$CALLS"\n${then}\n`;

/** A project and a machine, as far as setup sees them: nothing real is built or installed. */
export class Sandbox {
  readonly folder: string;
  readonly #bin: string;
  readonly #calls: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.#bin = join(folder, 'bin');
    this.#calls = join(folder, 'calls');
  }

  /** A machine with all programs, and a fresh clone. */
  static async make(): Promise<Sandbox> {
    const sandbox = new Sandbox(await mkdtemp(join(tmpdir(), 'lvskit-setup-')));
    await sandbox.#makeMachine();
    await sandbox.#makeClone();
    return sandbox;
  }

  async #makeMachine(): Promise<void> {
    await mkdir(this.#bin);
    for (const name of ordinaryTools) {
      const real = execFileSync('bash', ['-c', 'command -v "$1"', '-', name], { encoding: 'utf8' });
      await symlink(real.trim(), join(this.#bin, name));
    }
    for (const name of neededPrograms) await this.program(name, '#!/bin/bash\n');
    await symlink(process.execPath, join(this.#bin, 'node'));
    await this.program(
      'npm',
      noting(
        'npm',
        `if [[ $1 == ci ]]; then
  mkdir -p node_modules/.bin && echo {} >node_modules/.package-lock.json
  cat >node_modules/.bin/node-gyp <<'END'
${noting('node-gyp', 'mkdir -p build/Release && echo addon >build/Release/lvskit.node')}END
  chmod +x node_modules/.bin/node-gyp
else
  mkdir -p dist/bundle && echo >dist/bundle/index.js
fi`,
      ),
    );
    for (const name of ['mkdir', 'chmod', 'touch']) {
      await symlink(`/bin/${name}`, join(this.#bin, name));
    }
    await writeFile(this.#calls, '');
  }

  async #makeClone(): Promise<void> {
    await cp(scripts, join(this.folder, 'scripts'), { recursive: true });
    for (const folder of ['native', 'src']) await mkdir(join(this.folder, folder));
    await writeFile(join(this.folder, 'native/addon.cc'), 'int one;\n');
    await writeFile(join(this.folder, 'src/index.ts'), 'export {};\n');
    for (const name of [
      'binding.gyp',
      'tsconfig.json',
      'rolldown.config.mjs',
      'package-lock.json',
    ]) {
      await writeFile(join(this.folder, name), '{}\n');
    }
  }

  /** Puts a program into PATH, in the place of what has that name. */
  async program(name: string, text: string): Promise<void> {
    await this.without(name);
    const path = join(this.#bin, name);
    await writeFile(path, text);
    await chmod(path, 0o755);
  }

  async node(version: string): Promise<void> {
    await this.program('node', fakeNode(version));
  }

  /** Takes programs out of PATH. */
  async without(...names: readonly string[]): Promise<void> {
    for (const name of names) await rm(join(this.#bin, name), { force: true });
  }

  /** A program that apt-get would install is one that it makes appear in PATH. */
  async aptGet(...appearing: readonly string[]): Promise<void> {
    const install = appearing
      .map((name) => `echo '#!/bin/bash' >${this.#bin}/${name}; chmod +x ${this.#bin}/${name}`)
      .join('\n');
    await this.program('apt-get', noting('apt-get', `[[ $* != *install* ]] || { :\n${install}\n}`));
  }

  async user(id: number): Promise<void> {
    await this.program('id', `#!/bin/bash\necho ${id}\n`);
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.folder, path)), { recursive: true });
    await writeFile(join(this.folder, path), text);
  }

  /** Runs setup, and gives what it wrote and the calls it made since the last run. */
  async setup(...args: readonly string[]) {
    const { exitCode, stdout, stderr } = await execa(join(this.folder, 'scripts/setup'), args, {
      reject: false,
      stdin: 'ignore',
      extendEnv: false,
      env: { PATH: this.#bin, HOME: this.folder, CALLS: this.#calls },
    });
    const calls = (await readFile(this.#calls, 'utf8')).split('\n').filter((line) => line !== '');
    await writeFile(this.#calls, '');
    return { exitCode, stdout, stderr, calls };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
