import { afterEach, expect, test, vi } from 'vitest';
import { drawSvg } from '../../../kernel-lib/notebook/plotly/draw.js';
import { drawFigure, DRAWING_SOCKET } from '../../../kernel-lib/notebook/plotly/drawing.js';
import { DrawingService } from '../../../kernel-lib/notebook/plotly/service.js';
import type { PlotlyFigure } from '../../../kernel-lib/view/figure.js';

const bars: PlotlyFigure = { data: [{ type: 'bar', x: ['v6.1', '7.2'], y: [2, 1] }], layout: {}, config: {} };
const noFigure = { data: [] } as unknown as PlotlyFigure;

afterEach(() => vi.unstubAllEnvs());

test('a figure has the same bytes whoever draws it, and one that cannot be drawn fails the same way', async () => {
  const service = await DrawingService.start();
  vi.stubEnv(DRAWING_SOCKET, service.environment[DRAWING_SOCKET]);
  try {
    const [first, second] = await Promise.all([drawFigure(bars), drawFigure(bars)]);
    expect(first).toBe(await drawSvg(bars));
    expect(second).toBe(first);
    const why = await drawSvg(noFigure).catch((err: Error) => err.message);
    await expect(drawFigure(noFigure)).rejects.toThrow(why as string);
  } finally {
    await service.close();
  }
});

test('a process that outlives the service draws for itself', async () => {
  const service = await DrawingService.start();
  await service.close();
  vi.stubEnv(DRAWING_SOCKET, service.environment[DRAWING_SOCKET]);
  expect(await drawFigure(bars)).toMatch(/^<svg/);
});
