"""The style of pages: readable in light and in dark, on a telephone, and on paper."""

STYLE = """
:root {
  --ground: #ffffff; --ink: #1b1f24; --faint: #667079; --line: #d9dee3; --box: #f5f7f9;
  --warn: #8a4b00; --warn-box: #fff6e6; --fine: #1e6b3a;
  --series-1: #0067a8; --series-2: #c24e00; --series-3: #00805d;
  --series-4: #a8568a; --series-5: #a87000; --series-6: #2787bd;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14181c; --ink: #e6eaee; --faint: #98a3ad; --line: #333c45; --box: #1d2329;
    --warn: #ffc069; --warn-box: #2b2416; --fine: #7fd6a0;
    --series-1: #5eb3ee; --series-2: #ff8f4a; --series-3: #3fcaa0;
    --series-4: #e59bc8; --series-5: #edb13f; --series-6: #8fd0f5;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .6rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 0 0 .4rem; }
h3 { font-size: 1rem; margin: 1.1rem 0 .3rem; }
p { margin: 0 0 .7rem; max-width: 46rem; overflow-wrap: anywhere; }
.kicker { color: var(--faint); font-size: .9rem; margin-bottom: .3rem; }
.lead { font-size: 1.15rem; }
section { border-top: 1px solid var(--line); padding-top: 1.3rem; margin-top: 1.8rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .7rem;
  margin-top: 1.1rem; }
.card { background: var(--box); border: 1px solid var(--line); border-radius: .5rem;
  padding: .7rem .85rem; display: flex; flex-direction: column; }
.card .name, .card .note, .note { color: var(--faint); font-size: .85rem; }
.card .value { font-size: 1.3rem; font-variant-numeric: tabular-nums; line-height: 1.35; }
.problems { background: var(--warn-box); border: 1px solid var(--warn); border-radius: .5rem;
  padding: .9rem 1rem .4rem; }
.problems h2 { color: var(--warn); }
.problems ul { margin: 0 0 .5rem; padding-left: 1.2rem; }
.problems li { margin-bottom: .35rem; overflow-wrap: anywhere; }
.fine { border: 0; margin-top: 1rem; padding: 0; color: var(--fine); }
.pair { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1.2rem; align-items: start; }
@media (min-width: 52rem) {
  .pair { grid-template-columns: minmax(0, 30rem) minmax(0, 1fr); }
}
figure { margin: .4rem 0 .8rem; max-width: 36rem; break-inside: avoid; }
.pair figure { margin: 0; }
figure svg { width: 100%; height: auto; display: block; }
figcaption { color: var(--faint); font-size: .85rem; }
.scroll { overflow-x: auto; margin: .3rem 0 .8rem; }
table { border-collapse: collapse; font-size: .92rem; }
th, td { text-align: left; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { font-weight: 600; color: var(--faint); white-space: nowrap; }
td { font-variant-numeric: tabular-nums; }
.number { text-align: right; white-space: nowrap; }
details { margin-top: .6rem; }
summary { cursor: pointer; color: var(--faint); font-size: .92rem; }
tr { break-inside: avoid; }
@media (max-width: 32rem) {
  th, th.number { white-space: normal; }
  th, td { padding-right: .55rem; }
  table { font-size: .82rem; }
  .card .value { font-size: 1.15rem; }
}
@media print {
  :root { --ground: #fff; --ink: #000; --faint: #444; --line: #bbb; --box: #fff; --warn: #000;
    --warn-box: #fff; --fine: #000; --series-1: #0067a8; --series-2: #c24e00;
    --series-3: #00805d; --series-4: #a8568a; --series-5: #a87000; --series-6: #2787bd; }
  body { font-size: 11pt; }
  main { max-width: none; padding: 0; }
  .scroll { overflow: visible; }
  h2, h3 { break-after: avoid; }
}
"""
