import { lastEntry, lastStep, messages } from './facts.js';
import { lose, protect, shared, times, uffdWpScenario } from './pte-markers.js';
import type { Scenario } from './scenario.js';
import { resultWords } from './step-words.js';

/** What a page's pagemap entry says after the last step, in words. */
function pagemapSays(letters: string): string {
  const words = { P: 'present', S: 'swapped', W: 'write-protected' };
  const said = Object.entries(words).flatMap(([letter, word]) => (letters.includes(letter) ? [word] : []));
  return `pagemap says ${said.join(' and ') || 'nothing'}`;
}

const swappedOut = [shared, 'write 0 0 0 1', ...protect, 'madvise 0 0 0 1 PAGEOUT'];

/** What whoever reads page tables makes of entries that are neither pages nor slots. */
export const markerWalkerScenarios: readonly Scenario[] = [
  uffdWpScenario({
    name: 'marker-swapped-pagemap',
    number: 'M25',
    title:
      'A write-protected page of a file is swapped out: what does pagemap say, and is it still protected when read?',
    steps: [...swappedOut, 'read 0 0 0'],
    verdict: (steps) => {
      const out = lastEntry(steps.slice(0, -1), 0).pagemap;
      const back = lastEntry(steps, 0).pagemap;
      return `${pagemapSays(out)}; read back, ${pagemapSays(back)}`;
    },
    expected: () =>
      'pagemap says swapped and write-protected; read back, pagemap says present and write-protected',
    why: 'Reclaim leaves a marker in the page’s place; the fault carries what it says over to the new entry.',
  }),
  uffdWpScenario({
    name: 'marker-swapped-smaps',
    number: 'M26',
    title:
      'A private mapping’s two pages of an object are swapped out, one write-protected: what does smaps count?',
    steps: [
      ...['owrite 0 0 1', 'owrite 0 1 1', 'mmap 0 0 2 w p o0', 'readall 0 0 0 2', ...protect],
      'madvise 0 0 0 2 PAGEOUT',
    ],
    verdict: (steps) => {
      const counted = lastStep(steps, 'madvise').mappings.map(({ smaps }) => smaps['Swap'] ?? 0);
      return `smaps counts ${counted.join(' and ')} KiB as swapped`;
    },
    expected: () => 'smaps counts 0 and 4 KiB as swapped',
    why: 'Behind an empty place smaps looks into the object; a marker is none to it. For shared mappings it asks the object at once.',
  }),
  uffdWpScenario({
    name: 'marker-swapped-mincore',
    number: 'M27',
    title:
      'mincore() is asked of a write-protected page that was swapped out, and again when the object has it back',
    steps: [...swappedOut, 'mincore 0 0 0', 'oread 0 0', 'mincore 0 0 0'],
    verdict: (steps) => {
      const asked = steps.filter(({ op }) => op.startsWith('mincore'));
      return asked.map(({ val }) => (val === 1 ? 'in memory' : 'not in memory')).join(', then ');
    },
    expected: () => 'not in memory, then in memory',
    why: 'A marker is an empty place to mincore(): it asks the page cache.',
  }),
  {
    name: 'swap-error-mincore',
    number: 'M28',
    kind: 'sequential',
    title: 'mincore() is asked of a page that swapoff has lost',
    swap: 'dm',
    steps: [...lose, 'mincore 0 0 0'],
    verdict: (steps) => resultWords(lastStep(steps, 'mincore')),
    expected: ({ patched }) => `reads 0x${patched.swapErrorMarker ? 0 : 1}`,
    source: 'mincore_pte_range() of v6.1 and v6.2',
    why: 'The entry of its own stood for a page that needs no reading; the marker is an empty place of anonymous memory.',
  },
  uffdWpScenario({
    name: 'swap-error-write-protect',
    number: 'M29',
    title:
      'The place of a lost page is write-protected by userfaultfd: what does pagemap say, and what does a read get?',
    objects: [],
    steps: [...lose, 'uffd 0 0x0', 'ureg 0 0 0 1 w', 'uwp 0 0 0 1 1', 'read 0 0 0'],
    verdict: (steps) => {
      const seen = lastEntry(steps.slice(0, -1), 0).pagemap;
      return `${pagemapSays(seen)}; ${resultWords(lastStep(steps, 'read'))}; ${times(messages(steps))}`;
    },
    expected: ({ patched }) => {
      const said = patched.errorMarkerSurvivesFork ? 'swapped' : 'swapped and write-protected';
      return `pagemap says ${said}; gets SIGBUS; ${times(0)}`;
    },
    source: 'change_pte_range() before and after 7e3ce3f8d2d2',
    why: 'Before 7e3ce3f8d2d2 the error was taken for a slot, which has a bit for the protection.',
  }),
];
