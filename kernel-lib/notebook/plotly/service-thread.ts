// The thread of a drawing service: a figure comes in as JSON, and its picture goes out.
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { parentPort, workerData } from 'node:worker_threads';
import type { PlotlyFigure } from '../../view/figure.js';
import { drawSvg } from './draw.js';

const server = createServer((request, response) => {
  text(request)
    .then((json) => drawSvg(JSON.parse(json) as PlotlyFigure))
    .then(
      (svg) => response.end(svg),
      (err: unknown) => response.writeHead(422).end(err instanceof Error ? err.message : String(err)),
    );
});
server.listen(workerData as string, () => parentPort!.postMessage('listening'));
