import type { FaultEvent } from '../machine/machine.js';
import { faults } from '../view/faults.js';
import { PLOTLY_MIME } from '../view/figure.js';
import { mimeBundle } from '../view/mime.js';
import type { BenchOperation } from './operation.js';

/** What a notebook does with many events. */
export const viewOperations: readonly BenchOperation[] = [
  {
    name: 'figure',
    title: 'figure of faults',
    unit: 'operations',
    most: 2 ** 20,
    prepare(events) {
      const list = Array.from({ length: events }, (_, i): FaultEvent => ({
        pid: 1 + (i % 3),
        address: i * 4096,
        flags: i & 1,
        result: 0,
        major: i % 64 === 0,
        way: [],
      }));
      let json = '';
      return {
        run: () => void (json = JSON.stringify(faults(list)[mimeBundle]()[PLOTLY_MIME])),
        done: () => (json.length > 0 ? events : 0),
      };
    },
  },
];
