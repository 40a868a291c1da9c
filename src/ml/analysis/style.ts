/** The report's look: two themes, one column of 1120 px, and print. */
export const STYLE = `
:root{color-scheme:light dark;--paper:#f6f7f8;--card:#fff;--ink:#1d2531;--muted:#66707f;--line:#dfe3e8;--accent:#0d7a70;--soft:#8cc7c0;--against:#c2660c;--act:#b42318;--wash:#eef6f5}
@media (prefers-color-scheme:dark){:root{--paper:#12161c;--card:#1a2028;--ink:#e6e9ee;--muted:#98a2b1;--line:#303945;--accent:#35b5a6;--soft:#2f6f69;--against:#e29343;--act:#ff8a7a;--wash:#1d2b2d}}
@media print{:root{color-scheme:light;--paper:#fff;--card:#fff;--ink:#1d2531;--muted:#5a6472;--line:#d5dae0;--accent:#0d7a70;--soft:#8cc7c0;--against:#c2660c;--act:#b42318;--wash:#f3f7f7}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.55 ui-sans-serif,system-ui,"Segoe UI","Helvetica Neue","Apple SD Gothic Neo","Malgun Gothic","Noto Sans KR","NanumGothic","Nanum Gothic",sans-serif;font-variant-numeric:tabular-nums;word-break:keep-all;overflow-wrap:anywhere}
body:has(#lang-en:checked) [lang=ko],body:has(#lang-ko:checked) [lang=en]{display:none}
main,body>header>div,footer{max-width:1120px;margin:0 auto;padding:0 24px}
body>header{background:var(--card);border-bottom:1px solid var(--line)}
.top{display:flex;justify-content:space-between;align-items:center;padding:18px 0 0}
.brand{display:flex;gap:9px;align-items:center;font-weight:700;letter-spacing:.02em}
.brand svg{display:block}
.brand span{color:var(--muted);font-weight:400}
h1{font-size:30px;line-height:1.2;margin:22px 0 4px;letter-spacing:-.015em}
h1 small{font-size:18px;font-weight:500;color:var(--muted)}
.origin{color:var(--muted);margin:0 0 20px}
nav{display:flex;gap:22px;flex-wrap:wrap;font-size:14px}
nav a{color:var(--muted);text-decoration:none;padding:0 0 10px;border-bottom:2px solid transparent}
nav a:hover{color:var(--ink);border-color:var(--accent)}
.switch{display:flex;border:1px solid var(--line);border-radius:8px;overflow:hidden;font-size:13px}
.switch label{padding:4px 12px;cursor:pointer;color:var(--muted)}
input.lang{position:absolute;opacity:0;pointer-events:none}
body:has(#lang-en:checked) label[for=lang-en],body:has(#lang-ko:checked) label[for=lang-ko]{background:var(--accent);color:var(--card)}
body:has(input.lang:focus-visible) .switch{outline:2px solid var(--accent);outline-offset:2px}
.tiles{display:flex;flex-wrap:wrap;gap:10px;margin:24px 0 0}
.tile{flex:1 1 auto;white-space:nowrap;background:var(--card);border:1px solid var(--line);border-radius:12px;padding:14px 16px}
.tile b{display:block;font-size:24px;line-height:1.2;font-weight:650;letter-spacing:-.01em}
.tile span{color:var(--muted);font-size:13px}
.tile b small{font-size:13px;font-weight:400;letter-spacing:0}
.tile.act b{color:var(--act)}
section{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:22px 24px;margin:18px 0;scroll-margin-top:12px}
h2{font-size:19px;margin:0 0 6px;letter-spacing:-.01em}
h3{font-size:14px;margin:20px 0 6px}
h2+h3{margin-top:12px}
p.note{color:var(--muted);margin:0 0 14px;font-size:14px;max-width:92ch}
code{font:600 .92em/1.4 ui-monospace,"SF Mono","Cascadia Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;font-size:14px}
th{text-align:left;font-weight:500;color:var(--muted);font-size:12.5px;padding:4px 10px 6px 0;border-bottom:1px solid var(--line)}
td{padding:7px 10px 7px 0;border-bottom:1px solid var(--line);vertical-align:top}
tr:last-child td{border-bottom:0}
.n{text-align:right;white-space:nowrap}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:8px 36px}
.findings{list-style:none;margin:10px 0 0;padding:0}
.findings li{display:grid;grid-template-columns:62px 1fr;gap:12px;padding:9px 0;border-top:1px solid var(--line)}
.findings li:first-child{border-top:0}
.tag{font-size:12px;line-height:1.2;padding:4px 0;border-radius:6px;text-align:center;align-self:start;border:1px solid currentColor;color:var(--muted)}
.tag.high{color:var(--card);background:var(--act);border-color:var(--act)}
.tag.medium{color:var(--against)}
.ok{color:var(--accent);font-weight:600}.bad{color:var(--act);font-weight:600}.look{color:var(--against);font-weight:600}
.bar{display:block;height:6px;border-radius:3px;background:var(--line);overflow:hidden;min-width:60px}
.bar i{display:block;height:100%;background:var(--accent);border-radius:3px}
.cards{display:grid;grid-template-columns:repeat(3,1fr);gap:14px}
.card{border:1px solid var(--line);border-radius:10px;padding:12px 12px 6px;min-width:0}
.card header{display:flex;justify-content:space-between;gap:8px;align-items:baseline;margin-bottom:6px}
.card header>span{color:var(--muted);font-size:12.5px;white-space:nowrap}
.leak{color:var(--act);font-weight:600;font-size:12px;margin-left:6px}
svg{max-width:100%;height:auto;display:block}
.dot{display:inline-block;width:9px;height:9px;border-radius:50%;background:var(--accent);margin:0 6px 0 0}.dot.two{background:var(--against);margin-left:16px}
.side{display:grid;grid-template-columns:auto minmax(230px,1fr);gap:32px;align-items:start}
.zero{color:var(--muted)}
figure{margin:14px 0 0}
figcaption{font-size:13px;color:var(--muted);margin:0 0 6px}
.scroll{overflow-x:auto}
.cols>.row,.cols summary{display:grid;grid-template-columns:minmax(0,1.5fr) 200px .75fr .85fr 2.3fr;gap:16px;align-items:center}
.cols>.row{color:var(--muted);font-size:12.5px;padding:8px 0 6px;border-bottom:1px solid var(--line)}
.cols details{border-bottom:1px solid var(--line)}
.cols details:last-child{border-bottom:0}
.cols summary{cursor:pointer;list-style:none;padding:9px 0;font-size:14px}
.cols summary::-webkit-details-marker{display:none}
.cols summary:hover{background:var(--wash)}
.cols summary small{display:block;color:var(--muted);font-size:12.5px}
.range{display:grid;grid-template-columns:1fr 1fr 1fr;gap:8px}
.range small{display:block;color:var(--muted);font-size:11.5px}
.range.two{grid-template-columns:1fr 1fr}
.detail{display:grid;grid-template-columns:minmax(0,1.55fr) minmax(0,1fr);gap:28px;padding:4px 0 20px}
.detail table{font-size:13px}.detail td,.detail th{padding:3px 8px 3px 0}
.v{overflow-wrap:anywhere}
.iv{position:relative;display:block;height:16px;min-width:150px}.iv i{position:absolute;top:7px;height:2px;background:var(--accent)}.iv b{position:absolute;top:4px;width:8px;height:8px;margin-left:-4px;border-radius:50%;background:var(--accent)}.iv u{position:absolute;top:-4px;bottom:-4px;border-left:1px dashed var(--muted)}.iv.bad i,.iv.bad b{background:var(--act)}
.limits{margin:10px 0 0;padding-left:20px}.limits li{margin:0 0 8px;max-width:100ch}
footer{color:var(--muted);font-size:13px;padding:8px 24px 40px}
@media screen and (max-width:860px){.pair,.detail,.cards,.side{grid-template-columns:1fr}.cols>.row{display:none}.cols summary{grid-template-columns:1fr 200px}.range{grid-column:1/-1}}
@media print{body,table,.cols summary,p.note{font-size:11px}main,body>header>div,footer{padding:0;max-width:none}.cols>.row,.cols summary{grid-template-columns:minmax(0,1.2fr) 130px .7fr .8fr 2.2fr;gap:10px}.tile b{font-size:17px}.tile{padding:8px 10px}.cards{gap:8px}h2,h3{break-after:avoid}nav,.switch{display:none}section,.tile,.card,.cols details{break-inside:avoid}section{padding:12px 0;border:0;border-top:1px solid var(--line);border-radius:0;break-inside:auto}.scroll{overflow:visible}}
`

/**
 * Chooses the language: the address's `#ko` or `#en`, what was chosen before, the browser's, the document's own.
 * Without a script the radio buttons still switch.
 */
export const SCRIPT = `(()=>{const d=document,r=l=>d.getElementById('lang-'+l);let s=null;try{s=localStorage.getItem('galley-language')}catch{}
const known=l=>l==='ko'||l==='en'?l:null,b=(navigator.language||'').slice(0,2),set=l=>{r(l).checked=true;d.documentElement.lang=l};
set(known(location.hash.slice(1))||known(s)||known(b)||d.documentElement.lang);
for(const l of ['en','ko'])r(l).addEventListener('change',()=>{set(l);try{localStorage.setItem('galley-language',l)}catch{}})
addEventListener('hashchange',()=>{const l=known(location.hash.slice(1));if(l)set(l)})})()`
