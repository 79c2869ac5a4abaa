'use strict';
// Starts a program that is one bundled file, and keeps V8's compiled code of it beside it: these are
// commands that people run in loops, and compiling is most of what they would do.
//
// CommonJS, since the loader of ES modules alone takes a fifth of the time that Node takes to start.
// The compile cache of node:module would do, but Node 20 does not have it.
const fs = require('node:fs');
const vm = require('node:vm');

// Work is done one call after the other here, and making the usual four threads is a tenth of it.
process.env.UV_THREADPOOL_SIZE = '1';

/** The comment that a bundle begins with, in which no two of them are the same. */
const stampLength = 32;

/**
 * @param {string} name The bundle's name in dist/bundle, without extension.
 * @param {(program: any) => Promise<number>} run Gets what the bundle exports; resolves to the exit
 * code.
 */
module.exports = function launch(name, run) {
  const folder = `${__dirname}/../dist/bundle`;
  const file = `${folder}/${name}.cjs`;
  const source = readSource(file);
  const stamp = source.slice(0, stampLength);
  const cache = `${folder}/${name}-${process.version}-${process.arch}.code`;
  const cachedData = readCode(cache, stamp);
  const script = new vm.Script(`(function (exports, require, module, __dirname) {${source}\n})`, {
    filename: file,
    cachedData,
  });
  const program = { exports: {} };
  script.runInThisContext()(program.exports, require, program, folder);
  run(program.exports).then((code) => {
    // Made now, it holds every function that this run has used.
    if (cachedData === undefined || script.cachedDataRejected) {
      keepCode(cache, stamp, script.createCachedData());
    }
    // All output is written by now. To take itself down in order would take Node longer.
    process.exit(code);
  });
};

function readSource(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    process.stderr.write(`cannot read ${file} (${error.code}); build it with: npm run build\n`);
    process.exit(1);
  }
}

/** The code of exactly this source: V8 itself compares no more than their lengths. */
function readCode(file, stamp) {
  try {
    const data = fs.readFileSync(file);
    const own = data.latin1Slice(0, stampLength) === stamp;
    return own ? data.subarray(stampLength) : undefined;
  } catch {
    return undefined;
  }
}

/** Appears whole or not at all. Where this user may not write, every start compiles anew. */
function keepCode(file, stamp, data) {
  const draft = `${file}.${process.pid}`;
  try {
    fs.writeFileSync(draft, Buffer.concat([Buffer.from(stamp), data]), { flag: 'wx', mode: 0o644 });
    fs.renameSync(draft, file);
  } catch {
    fs.rmSync(draft, { force: true });
  }
}
