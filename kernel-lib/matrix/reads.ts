import type { Patched } from '../patches/catalogue.js';
import { variantsOf } from '../patches/variants.js';
import type { Variants } from '../patches/variants.js';

/** What a run asked of its kernel's patches: whoever answers all of it alike runs alike. */
export class Reads {
  readonly #asked = new Map<string, unknown>();

  /** The kernel's patches, noting which are asked for. */
  patched(patched: Patched): Patched {
    return this.#noting('', patched);
  }

  variant(variant: Variants): Variants {
    return this.#noting('variant ', variant);
  }

  /** Whether a kernel gives the same answers. */
  agree(patched: Patched): boolean {
    const answers = answersOf(patched);
    return [...this.#asked].every(([name, answer]) => answers[name] === answer);
  }

  #noting<T extends object>(prefix: string, answers: T): T {
    return new Proxy(answers, {
      get: (target, name) => {
        const answer: unknown = Reflect.get(target, name);
        this.#asked.set(`${prefix}${String(name)}`, answer);
        return answer;
      },
    });
  }
}

function answersOf(patched: Patched): Readonly<Record<string, unknown>> {
  const variants = Object.entries(variantsOf(patched)).map(([name, state]) => [`variant ${name}`, state]);
  return { ...patched, ...(Object.fromEntries(variants) as Record<string, unknown>) };
}
