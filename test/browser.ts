import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium, type Browser } from 'playwright-core';

const modules = fileURLToPath(new URL('../node_modules/', import.meta.url));
const cache = join(modules, '.cache', 'faultbook-chromium');

/** Whether the npm package's Chromium runs on this machine: it is built for Linux on x86-64. */
export const browserRuns = process.platform === 'linux' && process.arch === 'x64';

/**
 * Starts the Chromium that came with npm. It brings its own shared libraries and fonts along, so it runs where nothing
 * but Node is installed, and text is as wide on every machine.
 */
export async function launchBrowser(): Promise<Browser> {
  const home = await unpacked();
  return chromium.launch({
    executablePath: join(home, 'chromium'),
    args: ['--no-sandbox', '--no-zygote', '--disable-gpu', '--font-render-hinting=none', '--hide-scrollbars'],
    env: {
      ...process.env,
      HOME: home,
      FONTCONFIG_PATH: join(home, 'fonts'),
      LD_LIBRARY_PATH: join(home, 'al2023', 'lib'),
    } as Record<string, string>,
  });
}

/**
 * Unpacks the browser once for each version. The package unpacks into the system's temporary folder, file by file;
 * here it gets a folder of its own that takes its final name when it is complete, so that tests may run side by side.
 */
async function unpacked(): Promise<string> {
  const { version } = JSON.parse(await readFile(`${modules}@sparticuz/chromium/package.json`, 'utf8')) as {
    version: string;
  };
  const home = join(cache, `${version}-own-fonts`);
  if (existsSync(home)) return home;
  await mkdir(cache, { recursive: true });
  const temporary = await mkdtemp(join(cache, 'unpacking-'));
  // In a process of its own, because the package reads where and what to unpack from the environment.
  await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', "import c from '@sparticuz/chromium'; await c.executablePath();"],
    { cwd: cache, env: { ...process.env, TMPDIR: temporary, CODEBUILD_BUILD_IMAGE: 'nodejs20' } },
  );
  // The package's own list of folders knows /tmp/fonts alone; without any font, Chromium crashes.
  await writeFile(join(temporary, 'fonts', 'fonts.conf'), fontsConf(join(home, 'fonts')));
  await rename(temporary, home).catch(() => rm(temporary, { recursive: true }));
  return home;
}

function fontsConf(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${folder}</dir><cachedir>${join(folder, 'cache')}</cachedir></fontconfig>
`;
}
