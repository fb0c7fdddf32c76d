import { Unsupported, type MakeDriver } from './driver.js';

/** The model as a driver: a machine booted for the program, driven through its system calls. */
export const makeModel: MakeDriver = () => {
  throw new Unsupported('the model has no system calls yet');
};
