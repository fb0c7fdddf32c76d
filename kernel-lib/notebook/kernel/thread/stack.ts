import { dirname, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PACKAGE_ROOT } from './resolution.js';
import type { SourceMaps } from './sourceMaps.js';

const KERNEL_DIR = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE_MODULES = `${sep}node_modules${sep}`;
const TSLAB_DIR = `${NODE_MODULES}tslab${sep}`;

/** Makes every stack trace of this thread say what a reader of the notebook can use. */
export function installStackTraces(maps: SourceMaps): void {
  Error.prepareStackTrace = (err, sites) => [titleOf(err), ...framesOf(sites, maps)].join('\n');
}

function titleOf(err: Error): string {
  try {
    return Error.prototype.toString.call(err);
  } catch {
    return 'Error';
  }
}

/** The frames of cells, the package and other libraries; those of Node, tslab and this kernel say nothing. */
function framesOf(sites: readonly NodeJS.CallSite[], maps: SourceMaps): string[] {
  const frames: string[] = [];
  for (const site of sites) {
    const place = placeOf(site, maps);
    if (place === undefined) continue;
    const name = nameOf(site);
    frames.push(name ? `    at ${name} (${place})` : `    at ${place}`);
  }
  return frames;
}

function placeOf(site: NodeJS.CallSite, maps: SourceMaps): string | undefined {
  const file = site.getFileName();
  const line = site.getLineNumber();
  if (!file || line === null || file.startsWith('node:')) return undefined;
  if (isCellName(file)) {
    if (maps.isBehindCell(file, line)) return undefined;
    return cellPlace(file, maps.lineOf(file, line, site.getColumnNumber() ?? 1));
  }
  if (isOwnFile(file) || file.includes(TSLAB_DIR)) return undefined;
  return `${shorten(pathOf(file))}:${line}`;
}

/** The file of the innermost frame below `caller` that has one, as a call site names it. */
export function innermostFile(caller: (...args: never) => unknown): string | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error;
  const holder: { stack?: readonly NodeJS.CallSite[] } = {};
  try {
    Error.stackTraceLimit = 10;
    Error.prepareStackTrace = (_err, sites) => sites;
    Error.captureStackTrace(holder, caller);
    return holder.stack?.map((site) => site.getFileName()).find(Boolean) ?? undefined;
  } finally {
    Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  }
}

/** Whether a file, as a call site names it, is one of this kernel's. */
export function isOwnFile(file: string): boolean {
  return pathOf(file).startsWith(KERNEL_DIR);
}

function pathOf(file: string): string {
  return file.startsWith('file:') ? fileURLToPath(file) : file;
}

function isCellName(file: string): boolean {
  return file.startsWith('Cell [');
}

/** The place of a line in a cell, as tracebacks write it. */
export function cellPlace(cellName: string, line: number | undefined): string {
  return line === undefined ? cellName : `${cellName}, line ${line}`;
}

function nameOf(site: NodeJS.CallSite): string {
  const name = site.getFunctionName();
  if (!name) return '';
  const method = site.isToplevel() || site.isConstructor() ? name : `${receiverOf(site)}${name}`;
  return `${site.isAsync() ? 'async ' : ''}${site.isConstructor() ? 'new ' : ''}${method}`;
}

function receiverOf(site: NodeJS.CallSite): string {
  const type = site.getTypeName();
  // A function of an earlier cell is called as a method of the proxy that holds the cells' variables.
  return type && type !== 'Object' && type !== 'Proxy' && !site.getFunctionName()!.startsWith(`${type}.`)
    ? `${type}.`
    : '';
}

/** A path that is the same on every machine: below the package, the notebook's folder, or a `node_modules`. */
function shorten(path: string): string {
  const library = path.lastIndexOf(NODE_MODULES);
  if (library >= 0) return path.slice(library + NODE_MODULES.length);
  if (path.startsWith(`${PACKAGE_ROOT}${sep}`)) return `faultbook/${relative(PACKAGE_ROOT, path)}`;
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere;
}
