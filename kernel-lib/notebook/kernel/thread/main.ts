import { parentPort, workerData } from 'node:worker_threads';
import { LARGE_MACHINE } from '../../../sys/large-machine.js';
import { DISPLAY } from '../../../view/mime.js';
import type { Order, QueryOrder, Report, ThreadData } from '../messages.js';
import { inlineKernelFunctions } from '../../optimising.js';
import { cellError } from './cellError.js';
import { Cells } from './cells.js';
import { installInspection } from './inspection.js';
import { Output } from './output.js';
import { SourceMaps } from './sourceMaps.js';
import { installStackTraces } from './stack.js';
import { redirectStandardStreams } from './standardStreams.js';
import { installChangeDirectory } from './workingDirectory.js';

const port = parentPort!;
const maps = new SourceMaps();
const output = new Output(port, (workerData as ThreadData).inFlight);
const cells = new Cells(output, maps);
installStackTraces(maps);
installInspection();
installChangeDirectory(port);
redirectStandardStreams(cells, output);
Reflect.set(globalThis, DISPLAY, (value: unknown) => cells.display(value));
Reflect.set(globalThis, LARGE_MACHINE, inlineKernelFunctions);
port.on('message', (order: Order) => {
  if (order.type === 'execute') cells.execute(order);
  else report({ type: 'answer', id: order.id, content: answer(order) });
});
report({ type: 'ready', languageVersion: cells.tslab.languageVersion });

function report(message: Report): void {
  port.postMessage(message);
}

function answer({ what, content: { code, cursor_pos } }: QueryOrder): Readonly<Record<string, unknown>> {
  const { handler } = cells.tslab;
  try {
    if (what === 'complete') return { ...handler.handleComplete({ code, cursor_pos }) };
    if (what === 'inspect') return { ...handler.handleInspect({ code, cursor_pos, detail_level: 0 }) };
    return { ...handler.handleIsComplete({ code }) };
  } catch (err) {
    return { status: 'error', ...cellError(err) };
  }
}
