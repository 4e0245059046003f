// Knows the catalogue of models, models.yaml: names, kinds, licences, files. Does not know where models are kept or how they come here.
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { z } from 'zod'
import { modelKinds, type ModelKind } from '../sherpa/model-folder.ts'

const file = z.strictObject({
  /** An archive (.tar.bz2, .tar.gz) with the model's folder, or one file of it. */
  url: z.url(),
  bytes: z.int().positive().optional(),
  /** Of what is at the url; left out where nobody has published it. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/).optional(),
})
const entry = z.strictObject({ kind: z.enum(Object.keys(modelKinds) as [ModelKind, ...ModelKind[]]), about: z.string(), licence: z.string(), files: z.array(file).min(1) })
/** Names become folders. */
const catalogue = z.record(z.string().regex(/^[A-Za-z0-9][\w.-]*$/), entry)

export type CatalogueFile = z.output<typeof file>
export type CatalogueModel = z.output<typeof entry> & { name: string }

export const catalogueFile = new URL('../../../models.yaml', import.meta.url)

/** Errors: ZodError or a YAML error, for a catalogue that was edited wrongly. */
export function readCatalogue(path: URL | string = catalogueFile): readonly CatalogueModel[] {
  return Object.entries(catalogue.parse(parse(readFileSync(path, 'utf8')))).map(([name, model]) => ({ name, ...model }))
}
