export { checkBoolean, checkInteger, checkName, checkObject } from '../check.ts';
