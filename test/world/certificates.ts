// Makes certificates with openssl, as somebody who runs a SIP edge does. Does not know what they are for.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'

/** File names of a certificate and its key (PEM). */
export type Certificate = { cert: string; key: string }

const openssl = (folder: string, ...args: string[]) => void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'] as const

/** A certificate authority of our own. */
export function makeAuthority(folder: string, name: string): Certificate {
  openssl(folder, 'req', '-x509', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.pem`, '-days', '2', '-subj', `/CN=${name}`)
  return { cert: path.join(folder, `${name}.pem`), key: path.join(folder, `${name}.key`) }
}

/** A certificate of that authority for names such as `DNS:edge.example` or `IP:127.0.0.1`. `days` below 0: it has expired. */
export function makeCertificate(folder: string, authority: Certificate, name: string, names: readonly string[], days = 2): Certificate {
  writeFileSync(path.join(folder, `${name}.ext`), `subjectAltName=${names.join(',')}\n`)
  openssl(folder, 'req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
  openssl(folder, 'x509', '-req', '-in', `${name}.csr`, '-CA', authority.cert, '-CAkey', authority.key, '-CAcreateserial', '-out', `${name}.pem`, '-days', String(days), '-extfile', `${name}.ext`)
  return { cert: path.join(folder, `${name}.pem`), key: path.join(folder, `${name}.key`) }
}
