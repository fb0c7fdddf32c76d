import { Command } from 'commander';
import { pteArches } from './pte-arches.js';
import { pteDecode } from './pte-decode.js';
import { pteEncode } from './pte-encode.js';
import { pteVerify } from './pte-verify.js';

/** `faultbook pte`: page-table entries of every architecture. */
export function pte(): Command {
  return new Command('pte')
    .description('decodes, encodes and verifies page-table entries of every architecture')
    .addCommand(pteDecode())
    .addCommand(pteEncode())
    .addCommand(pteArches())
    .addCommand(pteVerify());
}
