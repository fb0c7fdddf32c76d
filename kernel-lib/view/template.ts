/**
 * Okabe and Ito's colours, which stay apart for every kind of colour blindness, in the order in which they contrast
 * with white as well as with black.
 */
export const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#7f7f7f'] as const;

/** Dashes repeat what the colours say, for a print without colour. */
export const DASHES = ['solid', 'dash', 'dot', 'dashdot', 'longdash', 'longdashdot', 'solid'] as const;

/** Letters: a grey that reads on white and on black. A page with a theme of its own looks for it and replaces it. */
export const INK = '#737780';

/** Lines of the frame: half transparent, so right on every background. */
const RULE = 'rgba(127, 127, 127, 0.28)';

export const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Open Sans", Helvetica, Arial, sans-serif';

const AXIS = {
  automargin: true,
  gridcolor: RULE,
  linecolor: RULE,
  zerolinecolor: RULE,
  tickcolor: RULE,
  ticks: 'outside',
  ticklen: 4,
  title: { standoff: 10, font: { size: 13 } },
};

/** The one look of all figures, as a Plotly template: transparent paper, so that it suits light and dark pages. */
export const TEMPLATE = {
  layout: {
    colorway: COLOURS,
    font: { family: FONT, size: 13, color: INK },
    paper_bgcolor: 'rgba(0, 0, 0, 0)',
    plot_bgcolor: 'rgba(0, 0, 0, 0)',
    margin: { l: 56, r: 16, t: 72, b: 48 },
    title: { x: 0, xref: 'container', xanchor: 'left', y: 1, yanchor: 'top', pad: { t: 12, l: 8 } },
    legend: { orientation: 'h', traceorder: 'normal', x: 0, xanchor: 'left', y: 1.02, yanchor: 'bottom' },
    hoverlabel: { font: { family: FONT } },
    bargap: 0.25,
    xaxis: AXIS,
    yaxis: AXIS,
  },
} as const;
