import { type PteCodec } from '../arch/codec.js';
import { type SanityCheck } from './sanity.js';
import { type PresentSample, type Question, type Step, TrialPte } from './trial-pte.js';

type Check = SanityCheck<PresentSample>;

/** `[name, what is promised, what is done to a fresh PTE, what is asked then, the answer]` */
type Row = readonly [
  name: string,
  promises: string,
  steps: readonly Step[],
  question: Question,
  answer: boolean,
];

/** Rows of `pte_basic_tests()` and `pte_special_tests()`, for every protection and not for one. */
const rows: readonly Row[] = [
  ['present', 'an entry that maps a frame is present, PROT_NONE or not', [], 'ptePresent', true],
  ['not-none', 'an entry that maps a frame is not empty', [], 'pteNone', false],
  ['initially-clean', 'protection_map[] holds no dirty bit', ['pteWrprotect'], 'pteDirty', false],
  ['mkyoung', 'an entry made young is young', ['pteMkold', 'pteMkyoung'], 'pteYoung', true],
  ['mkold', 'an entry made old is not young', ['pteMkyoung', 'pteMkold'], 'pteYoung', false],
  ['mkdirty', 'an entry made dirty is dirty', ['pteMkclean', 'pteMkdirty'], 'pteDirty', true],
  ['mkclean', 'an entry made clean is not dirty', ['pteMkdirty', 'pteMkclean'], 'pteDirty', false],
  ['mkwrite', 'an entry made writable is writable', ['pteWrprotect', 'pteMkwrite'], 'pteWrite', true],
  ['wrprotect', 'a write-protected entry is not writable', ['pteMkwrite', 'pteWrprotect'], 'pteWrite', false],
  [
    'wrprotect-keeps-clean',
    'write-protecting a clean entry does not make it dirty',
    ['pteMkclean', 'pteWrprotect'],
    'pteDirty',
    false,
  ],
  [
    'wrprotect-keeps-dirty',
    'write-protecting a dirty entry does not make it clean',
    ['pteMkdirty', 'pteWrprotect'],
    'pteDirty',
    true,
  ],
];

function basic([name, promises, steps, question, answer]: Row): Check {
  return {
    name,
    promises,
    holds: (codec, sample) =>
      TrialPte.present(codec, sample)
        .do(...steps)
        .is(question) === answer,
  };
}

/** A marker that some architectures have: settable, visible, and clearable where there is a way. */
function marker(
  name: string,
  has: (codec: PteCodec) => boolean,
  mk: Step,
  is: Question,
  clear?: Step,
): Check {
  return {
    name,
    promises: `an entry given the ${name} bit shows it`,
    holds(codec, sample) {
      if (!has(codec)) return true;
      const pte = TrialPte.present(codec, sample).do(mk);
      return pte.is(is) && (clear === undefined || !pte.do(clear).is(is));
    },
  };
}

const operations: readonly Step[] = [
  ...(['pteMkwrite', 'pteWrprotect', 'pteMkdirty', 'pteMkclean', 'pteMkyoung', 'pteMkold'] as const),
  ...(['pteMkspecial', 'pteMksoftDirty', 'pteClearSoftDirty', 'pteMkuffdWp', 'pteClearUffdWp'] as const),
];

/** The bits that a step flips in the entry. */
function flipped(codec: PteCodec, sample: PresentSample, step: Step): bigint {
  const before = TrialPte.present(codec, sample).value;
  return before ^ TrialPte.present(codec, sample).do(step).value;
}

/** Sequences that end write-protected, or were never made writable. */
const readOnly: readonly (readonly Step[])[] = [
  ['pteWrprotect', 'pteMkdirty', 'pteMkyoung'],
  ['pteMkyoung', 'pteMkdirty', 'pteWrprotect'],
  ['pteMkyoung', 'pteMkdirty', 'pteMkwrite', 'pteWrprotect'],
  ['pteMkyoung', 'pteMkwrite', 'pteMkdirty', 'pteWrprotect', 'pteMkdirty'],
];

const VM_EXEC = 4;
const VM_SHARED = 8;

function isShared(codec: PteCodec, { prot }: PresentSample): boolean {
  return (codec.protectionMap.indexOf(prot) & VM_SHARED) !== 0;
}

const beyondBasics: readonly Check[] = [
  {
    name: 'pfn-round-trip',
    promises: 'pte_pfn() gives the frame that pfn_pte() stored',
    holds: (codec, sample) => TrialPte.present(codec, sample).pfn === sample.pfn,
  },
  {
    name: 'operations-keep-frame',
    promises: 'no operation changes the frame number',
    holds: (codec, sample) =>
      operations.every((step) => {
        const pte = TrialPte.present(codec, sample);
        return pte.pfn === pte.do(step).pfn;
      }),
  },
  {
    name: 'operations-ignore-frame',
    promises: 'what an operation changes does not hang on the frame number',
    holds: (codec, sample) =>
      operations.every(
        (step) => flipped(codec, sample, step) === flipped(codec, { ...sample, pfn: 1 }, step),
      ),
  },
  {
    name: 'mmu-obeys',
    promises: 'the MMU lets no store through a write-protected entry, dirty or not',
    holds: (codec, sample) =>
      readOnly.every((steps) => {
        const pte = TrialPte.present(codec, sample).do(...steps);
        return !codec.mmuStores(pte.w, 0);
      }),
  },
  {
    name: 'modify-takes-rights',
    promises: 'pte_modify() to a protection without writing leaves no writing',
    holds: (codec, sample) =>
      TrialPte.present(codec, sample).is('pteWrite') ||
      codec.protectionMap.every((prot) => {
        const pte = TrialPte.present(codec, { ...sample, prot }).modify(sample.prot);
        return !pte.is('pteWrite');
      }),
  },
  {
    name: 'modify-keeps-notes',
    promises: 'pte_modify() keeps the frame number, and that the entry is young and dirty',
    holds: (codec, sample) =>
      codec.protectionMap.every((prot) => {
        const pte = TrialPte.present(codec, { ...sample, prot }).do('pteMkyoung', 'pteMkdirty');
        const pfn = pte.pfn;
        pte.modify(sample.prot);
        return pte.pfn === pfn && pte.is('pteYoung') && pte.is('pteDirty');
      }),
  },
  {
    name: 'private-starts-read-only',
    promises: 'protection_map[] withholds writing from private mappings, so that the first store faults',
    holds(codec, sample) {
      const pte = TrialPte.present(codec, sample);
      return isShared(codec, sample) || !pte.is('ptePresent') || !pte.is('pteWrite');
    },
  },
  {
    name: 'exec-honoured',
    promises: 'a mapping with PROT_EXEC may be executed',
    holds: (codec, sample) =>
      codec.arch.predicates.exec === undefined ||
      (codec.protectionMap.indexOf(sample.prot) & VM_EXEC) === 0 ||
      TrialPte.present(codec, sample).is('pteExec'),
  },
];

/** What mm/debug_vm_pgtable.c asks of present PTEs, and what mm relies on beyond it. */
export const presentChecks: readonly Check[] = [
  ...rows.map(basic),
  marker('special', (c) => c.arch.predicates.special !== undefined, 'pteMkspecial', 'pteSpecial'),
  marker(
    'soft-dirty',
    (c) => c.arch.predicates.softDirty !== undefined,
    'pteMksoftDirty',
    'pteSoftDirty',
    'pteClearSoftDirty',
  ),
  marker(
    'uffd-wp',
    (c) => c.arch.predicates.uffdWp !== undefined,
    'pteMkuffdWp',
    'pteUffdWp',
    'pteClearUffdWp',
  ),
  {
    name: 'protnone',
    promises: 'a PROT_NONE entry is seen as such',
    holds: (codec, { pfn }) =>
      codec.arch.predicates.protnone === undefined ||
      TrialPte.present(codec, { pfn, prot: codec.protectionMap[0]! }).is('pteProtnone'),
  },
  ...beyondBasics,
];
