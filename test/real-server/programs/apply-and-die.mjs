// Runs `rs-setup apply` or `undo` for crash.test.ts, and kills itself, as kill -9 does,
// at one of its steps.
//
// arguments: apply|undo NETNS ROOT STEP [SETTINGS as JSON]; with STEP 0 it runs to its end and
// prints how many steps there were.
import { applyRealServer } from '../../../dist/real-server/apply.js';
import { undoRealServer } from '../../../dist/real-server/undo.js';

const [verb, netns, root, step, settings] = process.argv.slice(2);
let steps = 0;
const options = {
  netns,
  root,
  onStep: async () => {
    steps++;
    if (steps === Number(step)) process.kill(process.pid, 'SIGKILL');
  },
};
if (verb === 'apply') await applyRealServer(JSON.parse(settings), options);
else await undoRealServer(options);
console.log(steps);
