// node tests/report.mjs RHELM CHROMIUM: opens the HTML report in a real browser. Needs puppeteer-core where node finds it
// (NODE_PATH is not asked by modules, so PUPPETEER names its folder).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const puppeteer = createRequire(join(resolve(process.env.PUPPETEER ?? '.'), 'x.js'))('puppeteer-core');
const [rhelm, chromium] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'rhelm-report-'));
const object = (name, value) => `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata:\n  x: ${value}\n`;
const evil = `'</script><script>document.title="broken"</script><img src=x onerror=alert(1)>'`;
writeFileSync(join(folder, 'old.yaml'), object('first', 'one') + object('second', '"b"') + object('evil', '"c"'));
writeFileSync(join(folder, 'new.yaml'), object('first', 'two') + object('second', '"bb"') + object('evil', evil));
const html = execFileSync(resolve(rhelm), ['diff', '--from', 'file:old.yaml', '--to', 'file:new.yaml', '-o', 'html'], { cwd: folder });
const page = join(folder, 'report.html');
writeFileSync(page, html);

let passed = 0;
const faults = [];
const check = (what, holds) => { if (holds) passed += 1; else { console.error(`FAILED: ${what}`); process.exitCode = 1; } };
const browser = await puppeteer.launch({ executablePath: chromium, headless: true, args: ['--no-sandbox', '--disable-gpu'] });
try {
  const tab = await browser.newPage();
  tab.on('pageerror', (error) => faults.push(String(error)));
  tab.on('console', (message) => { if (message.type() === 'error') faults.push(message.text()); });
  tab.on('dialog', (dialog) => { faults.push('a dialog'); dialog.dismiss(); });
  const asked = [];
  tab.on('request', (request) => asked.push(request.url()));
  const backs = {};
  for (const scheme of ['light', 'dark']) {
    await tab.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await tab.goto(`file://${page}`);
    backs[scheme] = await tab.evaluate(() => getComputedStyle(document.body).backgroundColor);
  }
  check('dark is darker than light', backs.light !== backs.dark);
  await tab.click('#theme');
  check('the button changes the scheme', (await tab.evaluate(() => getComputedStyle(document.body).backgroundColor)) === backs.light);
  const shown = () => tab.$$eval('details.object', (all) => all.filter((one) => !one.hidden).length);
  const open = () => tab.$$eval('details.object', (all) => all.filter((one) => one.open).length);
  check('all objects are shown', (await shown()) === 3);
  await tab.type('#search', 'SECOND');
  check('the search finds one', (await shown()) === 1);
  await tab.type('#search', 'nowhere');
  check('the search finds none, and says so', (await shown()) === 0 && !(await tab.$eval('#nothing', (one) => one.hidden)));
  await tab.$eval('#search', (one) => { one.value = ''; one.dispatchEvent(new Event('input')); });
  check('without words all are back', (await shown()) === 3);
  check('all are open', (await open()) === 3);
  await tab.click('details.object summary');
  check('one can be folded', (await open()) === 2);
  await tab.click('#toggle');
  check('all can be folded', (await open()) === 0);
  await tab.click('#toggle');
  check('and unfolded', (await open()) === 3);
  check('what is in a value stays text', (await tab.title()) === 'rhelm diff' && (await tab.$('img')) === null);
  check('what changed can be read', (await tab.evaluate(() => document.body.innerText)).includes('onerror=alert(1)'));
  check('nothing is asked of the outside', asked.every((url) => url.startsWith('file://') || url.startsWith('data:')));
  check(`no script fails: ${faults.join('; ')}`, faults.length === 0);
  await tab.setViewport({ width: 900, height: 700 });
  if (process.env.SCREENSHOT) await tab.screenshot({ path: process.env.SCREENSHOT });
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${passed} passed, ${process.exitCode ? 1 : 0} failed`);
