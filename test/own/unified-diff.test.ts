import { expect, test } from 'vitest';
import { editsOfDiff } from '../../kernel-lib/own/unified-diff.js';

const diff = `diff --git a/kernel-lib/zap/zap.ts b/kernel-lib/zap/zap.ts
index 1111111..2222222 100644
--- a/kernel-lib/zap/zap.ts
+++ b/kernel-lib/zap/zap.ts
@@ -10,3 +10,2 @@ function* zapUnderLock(
 one
-two

@@ -30 +29,2 @@
-three
+--- three
+four
\\ No newline at end of file
--- a/tlb/tlb.ts
+++ b/tlb/tlb.ts\t2022-12-11
@@ -1,2 +1,2 @@
 five
-six
+seven
`;

test('each hunk of a unified diff is an edit, told by its lines alone', () => {
  expect(editsOfDiff('my.diff', diff)).toEqual([
    { file: 'zap/zap.ts', old: 'one\ntwo\n', new: 'one\n' },
    { file: 'zap/zap.ts', old: 'three', new: '--- three\nfour' },
    { file: 'tlb/tlb.ts', old: 'five\nsix', new: 'five\nseven' },
  ]);
});

test.each([
  ['hello', 'my.diff holds no hunk; allowed: a unified diff, as git diff writes it'],
  ['@@ -1 +1 @@\n-a\n+b\n', "my.diff:1: a hunk of no file; a line '+++ b/kernel-lib/…' tells it"],
  [
    '--- a/zap/zap.ts\n+++ b/zap/zap.ts\n@@ -1,2 +1 @@\n-a\n+b\ndiff --git',
    'my.diff:3: the hunk ends before its 2 old and 1 new lines',
  ],
  [
    '--- /dev/null\n+++ b/zap/new.ts\n@@ -0,0 +1 @@\n+b\n',
    'my.diff:2: a file comes or goes; allowed: changes to those that there are',
  ],
])('what is no diff of sources is told in one line: %j', (text, message) => {
  expect(() => editsOfDiff('my.diff', text)).toThrow(message);
});
