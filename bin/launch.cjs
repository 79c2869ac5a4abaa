'use strict';
// Starts a program that is one bundled file, and keeps V8's compiled code of it beside it: these are
// commands that people run in loops, and compiling is most of what they would do.
//
// CommonJS, since the loader of ES modules alone takes a fifth of the time that Node takes to start.
// The compile cache of node:module would do, but Node 20 does not have it.
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

/**
 * @param {string} name The bundle's name in dist/bundle, without extension.
 * @param {(program: any) => Promise<number>} run Gets what the bundle exports; resolves to the exit
 * code.
 */
module.exports = function launch(name, run) {
  const folder = path.join(__dirname, '../dist/bundle');
  const file = path.join(folder, `${name}.cjs`);
  const { source, stamp } = readBundle(file);
  const cache = path.join(folder, `${name}-${process.version}-${process.arch}.code`);
  const cachedData = readCode(cache, stamp);
  const script = new vm.Script(`(function (exports, require, module, __filename) {${source}\n})`, {
    filename: file,
    cachedData,
  });
  const program = { exports: {} };
  script.runInThisContext()(program.exports, require, program, file);
  run(program.exports).then((code) => {
    process.exitCode = code;
    // Made now, it holds every function that this run has used.
    if (cachedData === undefined || script.cachedDataRejected) {
      keepCode(cache, stamp, script.createCachedData());
    }
  });
};

function readBundle(file) {
  try {
    // The bundle is all ASCII, which this reads quicker than UTF-8.
    const source = fs.readFileSync(file, 'latin1');
    const { size, ino, ctimeMs } = fs.statSync(file);
    return { source, stamp: Buffer.from(new Float64Array([size, ino, ctimeMs]).buffer) };
  } catch (error) {
    process.stderr.write(`cannot read ${file} (${error.code}); build it with: npm run build\n`);
    process.exit(1);
  }
}

/** The code of exactly this bundle: V8 itself compares no more than the length of the source. */
function readCode(file, stamp) {
  try {
    const data = fs.readFileSync(file);
    const own = data.subarray(0, stamp.length).equals(stamp);
    return own ? data.subarray(stamp.length) : undefined;
  } catch {
    return undefined;
  }
}

/** Appears whole or not at all. Where this user may not write, every start compiles anew. */
function keepCode(file, stamp, data) {
  const draft = `${file}.${process.pid}`;
  try {
    fs.writeFileSync(draft, Buffer.concat([stamp, data]), { flag: 'wx', mode: 0o644 });
    fs.renameSync(draft, file);
  } catch {
    fs.rmSync(draft, { force: true });
  }
}
