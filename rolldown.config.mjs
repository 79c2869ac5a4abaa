import { defineConfig } from 'rolldown';

/**
 * Escapes what is not ASCII: a single other character makes V8 keep the whole source two bytes wide,
 * and bin/launch.cjs reads it as bytes.
 */
const ascii = {
  name: 'ascii',
  generateBundle(_options, files) {
    for (const file of Object.values(files)) {
      if (file.type === 'chunk') file.code = file.code.replace(/[^\0-\x7f]/g, escaped);
    }
  },
};

const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

const common = { platform: 'node', plugins: [ascii] };
const output = { dir: 'dist/bundle', sourcemap: true };

// One file for what users import: every ES module that Node loads costs a short-lived program
// 2.5 million instructions. The types stay as tsc made them, module by module.
const library = {
  ...common,
  input: { index: 'dist/index.js' },
  output: { ...output, format: 'esm' },
};

// The drop-in, which bin/launch.cjs starts: CommonJS, to be rid of the loader of ES modules.
const dropIn = {
  ...common,
  input: { ipvsadm: 'dist/cli/ipvsadm.js' },
  output: { ...output, format: 'cjs', entryFileNames: '[name].cjs' },
};

export default defineConfig([library, dropIn]);
