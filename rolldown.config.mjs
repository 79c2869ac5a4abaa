import { createHash } from 'node:crypto';
import { defineConfig } from 'rolldown';

/** Escapes what is not ASCII: one other character makes V8 keep the whole source two bytes wide. */
const ascii = {
  name: 'ascii',
  generateBundle(_options, files) {
    for (const file of Object.values(files)) {
      if (file.type !== 'chunk') continue;
      file.code = file.code.replace(/[^\0-\x7f]/g, escaped);
    }
  },
};

/** Begins programs with a comment that tells one build from another, for bin/launch.cjs. */
const stamp = {
  name: 'stamp',
  generateBundle(_options, files) {
    for (const file of Object.values(files)) {
      if (file.type !== 'chunk') continue;
      const hash = createHash('sha256').update(file.code).digest('hex').slice(0, 28);
      file.code = `/*${hash}*/${file.code}`;
    }
  },
};

const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

const output = { dir: 'dist/bundle', sourcemap: true };

// A file for each entry of the package and one for what they share: every ES module that Node loads
// costs a short-lived program 2.5 million instructions. The types stay as tsc made them, module by
// module, and have the comments.
const library = {
  input: { index: 'dist/index.js', ipvs: 'dist/ipvs.js' },
  platform: 'node',
  plugins: [ascii],
  output: { ...output, format: 'esm', chunkFileNames: 'shared-[name].js', comments: false },
};

// The other programs: a file for each command, and for what some of them share.
const commands = {
  input: { lvskit: 'dist/cli/lvskit.js', 'rs-setup': 'dist/cli/rs-setup.js' },
  platform: 'node',
  plugins: [ascii],
  output: { ...output, format: 'esm', chunkFileNames: 'part-[name].js', comments: false },
};

// The drop-in, which bin/launch.cjs starts: CommonJS, to be rid of the loader of ES modules.
const dropIn = {
  input: { ipvsadm: 'dist/cli/ipvsadm.js' },
  platform: 'node',
  plugins: [ascii, stamp],
  output: {
    ...output,
    format: 'cjs',
    entryFileNames: '[name].cjs',
    // To be read, not to be compiled: names stay, for the sake of stack traces.
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
  },
};

export default defineConfig([library, commands, dropIn]);
