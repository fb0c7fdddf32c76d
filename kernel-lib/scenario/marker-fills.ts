import { by, lastStep, messages } from './facts.js';
import { type Verdict, loseSwap, shared, store, times, uffdWpScenario } from './pte-markers.js';
import type { Scenario } from './scenario.js';
import { resultWords } from './step-words.js';

const privately = 'mmap 0 0 1 w p o0';
/** The monitor hears of missing pages, too, and has the empty place write-protected. */
const protect = ['uffd 0 0x1000', 'ureg 0 0 0 1 mw', 'uwp 0 0 0 1 1'];

/** What filling the place gave, and whether a store after it is told. */
const filled: Verdict = (steps) => {
  const fill = steps.at(-2)!;
  return `${resultWords(fill) || 'filled'}; ${times(messages([lastStep(steps, 'write')]))}`;
};

/** A monitor fills a place that a marker of write-protection keeps. */
const fillScenarios: readonly Scenario[] = [
  uffdWpScenario({
    name: 'marker-copy',
    number: 'M51',
    title: 'A monitor copies a page to a write-protected place of a file: does it fit, and is it protected?',
    steps: [shared, ...protect, 'ucopy 0 0 0 5', store],
    verdict: filled,
    expected: () => 'filled; the store is not told',
    why: 'A marker counts as empty to UFFDIO_COPY; what it said is lost, unless the copy is to be protected.',
  }),
  uffdWpScenario({
    name: 'marker-copy-protected',
    number: 'M52',
    title: 'The same with UFFDIO_COPY_MODE_WP',
    steps: [shared, ...protect, 'ucopy 0 0 0 5 wp', store],
    verdict: filled,
    expected: () => 'filled; the store is told',
    why: 'The new entry has the protection that the marker stood for.',
  }),
  uffdWpScenario({
    name: 'marker-copy-private',
    number: 'M53',
    title: 'A monitor copies a page to a write-protected place of a private mapping of a file',
    steps: [privately, ...protect, 'ucopy 0 0 0 5', store],
    verdict: filled,
    expected: () => 'filled; the store is not told',
    why: 'The same function fills anonymous pages and pages of an object in.',
  }),
  uffdWpScenario({
    name: 'marker-zeropage',
    number: 'M54',
    title: 'A monitor asks for a page of zeros in a write-protected place of a shared file',
    steps: [shared, ...protect, 'uzero 0 0 0', store],
    verdict: filled,
    expected: () => 'filled; the store is not told',
    why: 'An object gets a page of its own, which is filled in as a copy is.',
  }),
  uffdWpScenario({
    name: 'marker-zeropage-private',
    number: 'M55',
    title: 'A monitor asks for the zero page in a write-protected place of a private mapping of a file',
    steps: [privately, ...protect, 'uzero 0 0 0'],
    verdict: (steps) => resultWords(lastStep(steps, 'uzero')) || 'filled',
    expected: () => 'fails with EEXIST',
    why: 'Only what is none takes the zero page: a marker is not.',
  }),
];

const punch = 'opunch 0 0 1';
const truncate = ['otrunc 0 0', 'otrunc 0 1'];
const copiedOut = ['owrite 0 0 9', privately, 'write 0 0 0 5', 'madvise 0 0 0 1 PAGEOUT'];
const poison = [privately, 'uffd 0 0x4000', 'ureg 0 0 0 1 m', 'upoison 0 0 0', 'uunreg 0 0 0 1'];

const outcome: Verdict = (steps) => resultWords(lastStep(steps, 'read'));

function ofPrivateFile(
  scenario: Omit<Scenario, 'kind' | 'swap' | 'objects' | 'source' | 'verdict'>,
): Scenario {
  return {
    kind: 'sequential',
    swap: 'dm',
    objects: ['obj 0 memfd 1'],
    source: 'zap_pte_range() and should_zap_cows() of v6.1 and v6.12',
    ...scenario,
    verdict: outcome,
  };
}

/** The file's pages go, with private copies (truncation) or without (a hole): what of entries that are no pages? */
const evenCowsScenarios: readonly Scenario[] = [
  ofPrivateFile({
    name: 'swapped-copy-punch',
    number: 'M56',
    title: 'A private copy of a page is in swap, and a hole is made in the file',
    steps: [...copiedOut, punch, 'read 0 0 0'],
    expected: () => 'reads 0x5',
    why: 'What lies in swap is the process’s own; a hole takes only pages of the file.',
  }),
  ofPrivateFile({
    name: 'swapped-copy-truncate',
    number: 'M57',
    title: 'The same, and the file is truncated and grows again',
    steps: [...copiedOut, ...truncate, 'read 0 0 0'],
    expected: () => 'reads 0x0',
    why: 'Behind the end of a file there is nothing, not even private copies.',
  }),
  ofPrivateFile({
    name: 'swap-error-punch',
    number: 'M58',
    title: 'A private copy is lost with the swap device, and a hole is made in the file',
    steps: [...copiedOut, ...loseSwap, punch, 'read 0 0 0'],
    expected: () => 'gets SIGBUS',
    why: 'The error stands for a private copy, and stays as that would.',
  }),
  ofPrivateFile({
    name: 'swap-error-truncate',
    number: 'M59',
    title: 'The same, and the file is truncated and grows again',
    steps: [...copiedOut, ...loseSwap, ...truncate, 'read 0 0 0'],
    expected: () => 'reads 0x0',
    why: 'The error goes as the copy would have gone.',
  }),
  ofPrivateFile({
    name: 'poison-punch',
    number: 'M60',
    title: 'A monitor poisons a place of a private mapping, and a hole is made in the file',
    steps: [...poison, punch, 'read 0 0 0'],
    expected: by('uffdPoison', 'gets SIGBUS', 'reads 0x0'),
    why: 'The same marker says that a page is lost, whoever put it there.',
  }),
  ofPrivateFile({
    name: 'poison-truncate',
    number: 'M61',
    title: 'The same, and the file is truncated and grows again',
    steps: [...poison, ...truncate, 'read 0 0 0'],
    expected: () => 'reads 0x0',
    why: 'Truncation takes whatever stands for private memory.',
  }),
];

/** What fills a marker’s place, and what takes markers of errors away. */
export const markerFillScenarios: readonly Scenario[] = [...fillScenarios, ...evenCowsScenarios];
