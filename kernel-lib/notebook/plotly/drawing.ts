import { request } from 'node:http';
import type { PlotlyFigure } from '../../view/figure.js';
import { drawSvg } from './draw.js';

/** Names the environment variable that says at which socket a drawing service listens. */
export const DRAWING_SOCKET = 'FAULTBOOK_DRAWING_SOCKET';

/**
 * Draws a figure as an SVG picture: at the drawing service of the runner that started this process, else here. Both
 * give the same bytes.
 *
 * @throws Error when Plotly cannot draw it
 */
export async function drawFigure(figure: PlotlyFigure): Promise<string> {
  const socketPath = process.env[DRAWING_SOCKET];
  const answer = socketPath ? await askService(socketPath, JSON.stringify(figure)) : undefined;
  if (answer === undefined) return drawSvg(figure);
  if (answer.failed) throw new Error(answer.text);
  return answer.text;
}

interface Answer {
  /** The picture, or why there is none. */
  readonly text: string;
  readonly failed: boolean;
}

/** Resolves with undefined when nobody listens any more: the variable may have outlived its runner. */
function askService(socketPath: string, figure: string): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const asking = request({ socketPath, method: 'POST' }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ text, failed: response.statusCode !== 200 }));
      response.on('error', () => resolve(undefined));
    });
    asking.on('error', () => resolve(undefined));
    asking.end(figure);
  });
}
