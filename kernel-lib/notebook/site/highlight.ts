import { createHighlighter, createJavaScriptRegexEngine, type Highlighter } from 'shiki';
import { escapeHtml } from '../../view/html.js';

/** The languages that appear in workbooks, with the names by which Markdown and notebooks call them. */
const LANGUAGES = ['typescript', 'javascript', 'json', 'c', 'asm', 'diff', 'shellsession', 'python'] as const;
const NICKNAMES: Readonly<Record<string, string>> = {
  bash: 'shellsession',
  sh: 'shellsession',
  console: 'shellsession',
};

/** One theme for light pages and one for dark ones: each letter carries both colours, the style sheet picks. */
const THEMES = { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' } as const;

/** Turns code into highlighted HTML. Unknown languages come out as plain text. */
export type Highlight = (code: string, language: string) => string;

let highlighter: Promise<Highlighter> | undefined;

/** Loads the grammars once for the whole process. */
export async function loadHighlight(): Promise<Highlight> {
  const shiki = await (highlighter ??= createHighlighter({
    themes: Object.values(THEMES),
    langs: [...LANGUAGES],
    engine: createJavaScriptRegexEngine(),
  }));
  return (code, language) => {
    const lang = NICKNAMES[language] ?? language;
    if (!shiki.getLoadedLanguages().includes(lang))
      return `<pre tabindex="0"><code>${escapeHtml(code)}</code></pre>`;
    // Without a time limit: on a busy machine, lines would lose their colours and the pages differ.
    return shiki.codeToHtml(code, { lang, themes: THEMES, defaultColor: false, tokenizeTimeLimit: 0 });
  };
}
