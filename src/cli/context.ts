// What every command starts from: options read once, a client for the running server.
import { readConfig, type Config } from '../config.ts'
import { withSettings } from '../settings-file.ts'
import { ApiClient, apiBase, apiKey } from './api-client.ts'

export function cliConfig(): Config {
  return readConfig(withSettings(process.env))
}

/** Client for the server of this DATA_DIR, or of STEPONEAI_API_BASE. */
export function cliClient(config: Config): ApiClient {
  return new ApiClient(apiBase(process.env, config.dataDir, config.port), apiKey(process.env, config.dataDir))
}
