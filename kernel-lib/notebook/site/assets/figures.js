// Draws the interactive figures over their static pictures, each when it comes near the window.
(() => {
  'use strict';

  // On a touch screen, dragging must scroll the page, not zoom the figure.
  const touch = matchMedia('(pointer: coarse)').matches;

  /** Draws one figure above its picture and then takes the picture away; the box keeps its size. */
  async function draw(figure) {
    const box = figure.querySelector('.faultbook-figure-box');
    const { data, layout, config } = JSON.parse(
      figure.querySelector('script[type="application/json"]').textContent,
    );
    const picture = box.firstElementChild;
    const plot = document.createElement('div');
    plot.className = 'plot';
    box.append(plot);
    const dragmode = touch ? false : layout.dragmode;
    await Plotly.newPlot(plot, data, { ...layout, dragmode }, { ...config, responsive: true });
    picture?.remove();
    figure.dataset.drawn = 'live';
  }

  /** Draws the figures below `root` as the reader comes near. */
  function drawFigures(root) {
    const near = new IntersectionObserver(
      (entries) => {
        for (const { isIntersecting, target } of entries) {
          if (!isIntersecting) continue;
          near.unobserve(target);
          draw(target);
        }
      },
      { rootMargin: '400px' },
    );
    for (const figure of root.querySelectorAll('.faultbook-figure:not([data-drawn])')) near.observe(figure);
  }

  // For figures that come later: live.js.
  globalThis.faultbookFigures = drawFigures;
  drawFigures(document);
})();
