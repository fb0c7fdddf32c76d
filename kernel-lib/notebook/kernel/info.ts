import { readFileSync } from 'node:fs';

interface PackageJson {
  readonly version: string;
}

const { version } = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
) as PackageJson;

/**
 * The content of a `kernel_info_reply`.
 *
 * @param languageVersion version of the TypeScript that compiles the cells
 */
export function kernelInfo(languageVersion: string): Readonly<Record<string, unknown>> {
  return {
    status: 'ok',
    protocol_version: '5.3',
    implementation: 'faultbook',
    implementation_version: version,
    language_info: {
      name: 'typescript',
      version: languageVersion,
      mimetype: 'text/typescript',
      file_extension: '.ts',
      pygments_lexer: 'typescript',
      // JupyterLab reads `mode`; the classic Notebook reads `name` with `typescript`.
      codemirror_mode: { mode: 'typescript', name: 'javascript', typescript: true },
      nbconvert_exporter: 'script',
    },
    banner: `Faultbook ${version} (TypeScript ${languageVersion})`,
    debugger: false,
    help_links: [],
  };
}
