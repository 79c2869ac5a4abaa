// Runs the compiled examples it is given, one after the other, in the network namespace it is
// started in, and prints as JSON what each of them printed or failed with.
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { Ipvs } from '../../../dist/bundle/index.js';

const print = console.log;
const outcomes = [];
for (const path of process.argv.slice(2)) {
  const lines = [];
  console.log = (...values) => lines.push(format(...values));
  let error;
  await import(pathToFileURL(path).href).catch((failure) => {
    error = failure.stack;
  });
  console.log = print;
  outcomes.push({ output: lines.join('\n'), error });
  // The next one finds the table as empty as a reader's is.
  const ipvs = await Ipvs.open();
  await ipvs.flush();
  for (const { role } of await ipvs.syncDaemons()) await ipvs.stopSyncDaemon(role);
  await ipvs.close();
}
print(JSON.stringify(outcomes));
