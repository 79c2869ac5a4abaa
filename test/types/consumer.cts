// A program of CommonJS that uses the library. It is compiled, and its kind of import is run.
import lvskit = require('lvskit');

import type { ServiceKey, ServiceState } from 'lvskit';

import table = require('lvskit/ipvs');

const key: ServiceKey = lvskit.parseServiceKey('fwmark 7');

async function services(): Promise<readonly ServiceState[]> {
  const ipvs = await lvskit.Ipvs.open();
  try {
    await ipvs.add(key, { scheduler: 'rr' });
    return await ipvs.list();
  } catch (error) {
    if (error instanceof lvskit.IpvsError && error.code === 'IPVS_SERVICE_EXISTS') return [];
    throw error;
  } finally {
    await ipvs.close();
  }
}

// @ts-expect-error a mark is a number
const wrong: ServiceKey = { firewallMark: '7' };

const error: typeof lvskit.IpvsError = table.IpvsError;

export = { key, services, wrong, error };
