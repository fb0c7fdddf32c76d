/** A file of an initramfs: its path without a leading slash, and whether it may be run. */
export interface InitramfsFile {
  readonly path: string;
  readonly content: Uint8Array;
  readonly executable?: boolean;
}

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
/** Every header and every content begins at a multiple of it. */
const ALIGN = 4;
const TRAILER = 'TRAILER!!!';

/**
 * A cpio archive in the "newc" form, which every kernel unpacks without a decompressor. Folders come by themselves, and
 * before what lies in them; times and owners are zero, so equal files give equal bytes.
 *
 * Source: Documentation/driver-api/early-userspace/buffer-format.rst
 */
export function initramfs(files: readonly InitramfsFile[]): Buffer {
  const folders = new Set(files.flatMap(({ path }) => foldersOf(path)));
  const entries = [
    ...[...folders].map((path) => entry(path, S_IFDIR | 0o755, new Uint8Array())),
    ...files.map(({ path, content, executable }) =>
      entry(path, S_IFREG | (executable === true ? 0o755 : 0o644), content),
    ),
  ];
  return Buffer.concat([...entries, entry(TRAILER, 0, new Uint8Array())]);
}

function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, at) => parts.slice(0, at + 1).join('/'));
}

function entry(path: string, mode: number, content: Uint8Array): Buffer {
  const name = Buffer.from(`${path}\0`);
  const fields = {
    ...{ ino: 0, mode, uid: 0, gid: 0, nlink: 1, mtime: 0, filesize: content.length },
    ...{ major: 0, minor: 0, rmajor: 0, rminor: 0, namesize: name.length, check: 0 },
  };
  const words = Object.values(fields).map((field) => field.toString(16).padStart(8, '0'));
  return Buffer.concat([padded(Buffer.from(`070701${words.join('')}${name.toString()}`)), padded(content)]);
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & (ALIGN - 1))]);
}
