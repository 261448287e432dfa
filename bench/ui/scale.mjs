// Measures the pages at scale: one wide model and many small ones, in a real server, in Chromium; each figure beside its goal.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureAnswers, measureMeanwhile } from './answers.mjs';
import { measurePages } from './browser.mjs';
import { WIDE, eventsOfDay, eventsOfHourAfter, specs } from './models.mjs';
import { Quiver } from './quiver.mjs';

const { values: given } = parseArgs({
  options: {
    quiver: { type: 'string', default: process.env.QUIVER_BINARY },
    features: { type: 'string', default: '2000' },
    slices: { type: 'string', default: '20' },
    days: { type: 'string', default: '90' },
    'rows-per-hour': { type: 'string', default: '4' },
    models: { type: 'string', default: '200' },
    'rows-per-day': { type: 'string', default: '24' },
    rounds: { type: 'string', default: '20' },
    /** Rounds in which every model gets an hour more: so many while it is judged, as pages ask, and so many after it, as scripts ask. */
    'live-rounds': { type: 'string', default: '3' },
    /** Keeps the data there, and measures what is there already. */
    folder: { type: 'string' },
    json: { type: 'string' },
  },
});
if (given.quiver === undefined) throw new Error('name a quiver binary with the pages inside: --quiver FILE, or QUIVER_BINARY');
const size = {
  features: Number(given.features),
  slices: Number(given.slices),
  days: Number(given.days),
  rowsPerHour: Number(given['rows-per-hour']),
  models: Number(given.models),
  rowsPerDay: Number(given['rows-per-day']),
};
const folder = given.folder ?? mkdtempSync(join(tmpdir(), 'quiver-scale-'));
mkdirSync(folder, { recursive: true });

const tell = (words) => process.stderr.write(`${words}\n`);
const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

async function fill(quiver) {
  const { models } = await quiver.ask('/v1/status');
  const { latest_event_at: latest } = models.includes(WIDE) ? (await quiver.ask(`/v1/models/${WIDE}/windows`)).scope : { latest_event_at: null };
  if (latest !== null) {
    // After a start the flow looks through every model once.
    await quiver.flow();
    return tell(`the data of ${folder} is measured as it is`);
  }
  const began = performance.now();
  let bytes = 0;
  for (let day = 0; day < size.days; day += 1) {
    for (const lines of eventsOfDay(day, size)) {
      bytes += lines.length;
      await quiver.send(lines);
    }
    if (day % 10 === 9) tell(`sent ${day + 1} of ${size.days} days, ${(bytes / 1e6).toFixed(0)} MB, ${seconds(began)}`);
  }
  await quiver.flow();
  tell(`sent, judged and written in ${seconds(began)}; each stage, all models together: ${await stageSeconds(quiver)}`);
}

/** Sends one more hour of every model, and waits until it is judged. */
async function oneMoreHour() {
  const { scope } = await quiver.ask(`/v1/models/${WIDE}/windows`);
  for (const lines of eventsOfHourAfter(scope.latest_event_at, size)) await quiver.send(lines);
  const began = performance.now();
  await quiver.flow();
  tell(`one more hour of every model was judged in ${seconds(began)}`);
}

/** The seconds of each stage, as the server's metrics tell them; models that run side by side each count theirs. */
async function stageSeconds(quiver) {
  const metrics = await (await fetch(`${quiver.url}/metrics`)).text();
  const sums = metrics.matchAll(/^quiver_stage_seconds_sum\{stage="(\w+)"\} ([\d.]+)/gm);
  return [...sums].map(([, stage, sum]) => `${stage} ${Number(sum).toFixed(1)} s`).join(', ');
}

const quiver = await Quiver.start(given.quiver, folder, specs(size));
try {
  await fill(quiver);
  tell('the pages');
  const pages = await measurePages(quiver.url, WIDE);
  tell(`the answers: ${pages.requests.length} requests that the pages make`);
  const still = await measureAnswers(quiver.url, pages.requests, Number(given.rounds), 'while nothing is committed');
  tell('the answers meanwhile and after commits');
  const rounds = Number(given['live-rounds']);
  const live = await measureMeanwhile(quiver.url, pages.requests, rounds, 'as pages ask while every model gets an hour more', oneMoreHour);
  const fresh = await measureAnswers(quiver.url, pages.requests, rounds, 'as scripts ask right after a commit of every model', oneMoreHour);
  const states = [['while nothing is committed', still], ['as pages ask while every model gets an hour more', live], ['as scripts ask right after a commit of every model', fresh]];
  const figures = [...pages.figures, ...states.flatMap(([, state]) => state.figures)];
  const machine = `${cpus().length} cores, ${cpus()[0]?.model ?? 'unknown'}`;
  console.log(`${size.features} features, ${size.slices} slices, ${size.days} days of hourly windows, ${size.models} small models; ${machine}\n`);
  console.log(table(['measure', 'figure', 'goal', ''], figures.map(({ name, value, unit, goal }) => [name, `${round(value)} ${unit}`, goal === undefined ? '' : `${goal} ${unit}`, goal === undefined ? '' : value <= goal ? 'met' : 'MISSED'])));
  for (const [state, { routes }] of states) {
    console.log(`\n${state}:\n\n${table(['route', 'requests', 'p50 ms', 'p95 ms', 'longest ms', 'kB', 'out of date s'], routes.map((route) => [route.name, route.requests, round(route.p50), round(route.p95), round(route.longest), round(route.kilobytes), route.oldest]))}`);
  }
  if (given.json !== undefined) writeFileSync(given.json, JSON.stringify({ size, machine, figures, routes: Object.fromEntries(states.map(([state, { routes }]) => [state, routes])) }, null, 1));
} finally {
  await quiver.stop();
  if (given.folder === undefined) rmSync(folder, { recursive: true, force: true });
}

function round(value) {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function table(columns, rows) {
  return [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
