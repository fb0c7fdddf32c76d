export { InputError, VmBug } from './base/error.js';
