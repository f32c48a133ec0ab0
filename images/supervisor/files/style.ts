// How the page looks. It names no address: nothing is loaded.
export const style = `
:root { color-scheme: light dark; --line: #8886; --good: #1a7f37; --bad: #cf222e; --mild: #8a6100; --blue: #2563eb; }
@media (prefers-color-scheme: dark) { :root { --good: #4ac26b; --bad: #ff8182; --mild: #e3b341; --blue: #79a8ff; } }
* { box-sizing: border-box; }
body { font: 16px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.15rem; margin: 1.6rem 0 .5rem; } h3 { font-size: 1rem; margin: 0; }
p { margin: .4rem 0; }
a { color: var(--blue); } a:focus-visible, summary:focus-visible { outline: 3px solid var(--blue); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; } .skip:focus { position: static; }
.bad { color: var(--bad); } .good { color: var(--good); } .mild { color: var(--mild); } .state { font-weight: 600; }
.sessions { display: grid; gap: .8rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)); list-style: none; padding: 0; margin: 0; }
.sessions > li { border: 1px solid var(--line); border-radius: .5rem; padding: .8rem; min-width: 0; }
.head { display: flex; flex-wrap: wrap; gap: .2rem .8rem; justify-content: space-between; align-items: baseline; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .1rem .8rem; margin: .5rem 0; } dt { opacity: .75; } dd { margin: 0; text-align: right; }
figure { margin: .5rem 0 0; } figcaption { font-size: .85rem; } figcaption span { opacity: .75; }
svg { display: block; width: 100%; height: 2.5rem; border-bottom: 1px solid var(--line); }
path { fill: none; stroke: var(--blue); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
ul { padding-left: 1.2rem; margin: .3rem 0; } summary { cursor: pointer; padding: .3rem 0; }
`;
