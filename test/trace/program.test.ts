import { expect, test } from 'vitest';
import { parseHeader } from '../../kernel-lib/trace/program.js';

test('a header without fields means an asynchronous swap device, no THP and copied answers', () => {
  expect(parseHeader('prog id=a', [])).toEqual({
    ...{
      id: 'a',
      profile: 'hand-written',
      swap: 'dm',
      thp: 'never',
      umiss: 'copy',
      vfio: false,
      debugTlbflush: false,
      hugepages: 0,
      devicePages: 0,
      objects: [],
    },
  });
});

test('a full header and its objects are read', () => {
  const header = 'prog id=b profile=pin swap=brd thp=always umiss=copywp vfio=1';
  expect(parseHeader(header, ['obj 0 memfd 4', 'obj 1 tmpfs 9'])).toEqual({
    ...{
      id: 'b',
      profile: 'pin',
      swap: 'brd',
      thp: 'always',
      umiss: 'copywp',
      vfio: true,
      debugTlbflush: false,
      hugepages: 0,
      devicePages: 0,
    },
    objects: [
      { object: 0, kind: 'memfd', nrPages: 4 },
      { object: 1, kind: 'tmpfs', nrPages: 9 },
    ],
  });
});

test.each([
  ['program id=a', [], /must begin with "prog"/],
  ['prog swap=dm', [], /id is missing/],
  ['prog id=a swap=disk', [], /swap is "disk"; allowed: dm, brd, none/],
  ['prog id=a numa=2', [], /no field is called "numa"; known: id, profile/],
  ['prog id=a fast', [], /"fast" is not of the form NAME=VALUE/],
  ['prog id=a', ['obj 0 ext4 4'], /object line "obj 0 ext4 4": must be/],
])('the header "%s" with %j is refused', (header, objects, message) => {
  expect(() => parseHeader(header, objects)).toThrow(message);
});
