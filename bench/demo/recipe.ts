import { fileURLToPath } from 'node:url'
import { flightDelay } from '../../recipes/flight-delay/recipe.ts'

/** The recipe of the main job over the file that the benchmark names. */
const airports = fileURLToPath(new URL('../data/airports.csv', import.meta.resolve('vega-datasets')))
export default flightDelay(process.env['GALLEY_BENCH_FLIGHTS'] ?? '', airports)
