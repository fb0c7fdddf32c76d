// Draws the interactive figures over their static pictures, each when it comes near the window.
(() => {
  'use strict';

  // On a touch screen, dragging must scroll the page, not zoom the figure.
  const touch = matchMedia('(pointer: coarse)').matches;

  /** Below this width, in pixels, long names beside a plot would leave no room for it. */
  const NARROW = 480;
  const NAME_LENGTH = 24;

  /** The axis with its names on several lines each. */
  function wrapped(axis, data) {
    if (axis?.type !== 'category') return axis;
    const names = [...new Set(data.flatMap(({ y }) => y ?? []))];
    if (names.every((name) => String(name).length <= NAME_LENGTH)) return axis;
    const lines = (name) => name.replace(new RegExp(`(.{1,${NAME_LENGTH}})(?: |$)`, 'g'), '$1<br>');
    const ticktext = names.map((name) => lines(String(name)).replace(/<br>$/, ''));
    return { ...axis, tickmode: 'array', tickvals: names, ticktext, tickfont: { size: 10 } };
  }

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
    const yaxis = box.clientWidth < NARROW ? wrapped(layout.yaxis, data) : layout.yaxis;
    // Where fingers scroll, the bar's buttons, which say what dragging does, would only cover the title.
    const bar = touch ? { displayModeBar: false } : {};
    await Plotly.newPlot(plot, data, { ...layout, yaxis, dragmode }, { ...config, ...bar, responsive: true });
    picture?.remove();
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
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
