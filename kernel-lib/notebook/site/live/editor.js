// The editor of live pages. Loaded when somebody begins to edit.
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { javascript } from '@codemirror/lang-javascript';
import { bracketMatching, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { EditorView, drawSelection, keymap } from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';

/**
 * Puts an editor into `parent`.
 *
 * @param {{ parent: Element, text: string, label: string, onChange: (text: string) => void, onRun: () => void,
 *   onLeave: () => void }} options
 */
function open({ parent, text, label, onChange, onRun, onLeave }) {
  const leave = () => {
    onLeave();
    return true;
  };
  const run = () => {
    onRun();
    return true;
  };
  return new EditorView({
    parent,
    doc: text,
    extensions: [
      history(),
      drawSelection(),
      indentOnInput(),
      bracketMatching(),
      javascript({ typescript: true }),
      syntaxHighlighting(classHighlighter),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ 'aria-label': label }),
      EditorView.updateListener.of(({ docChanged, state }) => docChanged && onChange(state.doc.toString())),
      keymap.of([
        { key: 'Shift-Enter', run },
        { key: 'Escape', run: leave },
        indentWithTab,
        ...defaultKeymap,
        ...historyKeymap,
      ]),
    ],
  });
}

globalThis.faultbookLive.editor({ open });
