import { expect, test } from 'vitest';
import type { RaceSetup } from '#stepped/scenario/race.js';
import { KernelThreads } from '../../kernel-lib/explore/kernel-threads.js';
import { Random } from '../../kernel-lib/explore/random.js';
import { RebuiltThreads } from '../../kernel-lib/explore/rebuilt-threads.js';
import type { TransitionSystem } from '../../kernel-lib/explore/system.js';
import { chosenKernel } from '../../kernel-lib/scenario/exploration.js';
import { races } from '../../kernel-lib/scenario/races.js';

const WALKS = 2;

/** Memory at the end of every step that both systems take alike, along a random schedule. */
function walked(one: TransitionSystem, other: TransitionSystem, nrWords: number, random: Random): void {
  const memory = (system: TransitionSystem) => system.state.words.subarray(0, nrWords);
  for (;;) {
    const stepped = random.shuffled(one.threads.length).some((thread) => {
      const branches = one.step(thread, 0);
      expect(other.step(thread, 0)).toBe(branches);
      return branches > 0;
    });
    if (!stepped) return;
    expect(Buffer.compare(bytes(memory(one)), bytes(memory(other)))).toBe(0);
  }
}

function bytes(words: Int32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

test.each(races)(
  '$name: a thread rebuilt without the calls that have ended does what one does that went through them',
  (race) => {
    const setUp = (): RaceSetup => race.setUp(chosenKernel(race, {}));
    for (let walk = 0; walk < WALKS; walk++) {
      const [through, without] = [setUp(), setUp()];
      const nrWords = through.machine.arena.used;
      walked(
        new KernelThreads(through.machine.arena, through.threads),
        new RebuiltThreads(without.machine.arena, without.threads),
        nrWords,
        new Random(walk),
      );
    }
  },
);
