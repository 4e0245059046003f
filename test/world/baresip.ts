// A headless baresip: a phone that is not ours, on any port, with any sound, which can be told what to do. Does not know what is tested.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { readWav, type Wav } from '../../src/media/wav.ts'
import { freePort } from './free-port.ts'

const START_MS_MAX = 10_000
const ADDRESS = '127.0.0.1'
const SECONDS_MAX = 120
/** Where Debian, a build from source and Homebrew put them. */
const moduleFolder = ['/usr/lib/baresip/modules', `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/baresip/modules`, '/usr/local/lib/baresip/modules', '/opt/homebrew/lib/baresip/modules'].find((folder) => existsSync(folder))

export const hasBaresip = moduleFolder !== undefined && !(spawnSync('baresip', ['-h']).error instanceof Error)

/** G.722 samples at 16 kHz there too; the others are the usual pair. */
const codecNames = { PCMA: 'PCMA/8000/1,PCMU/8000/1', G722: 'G722/16000/1', opus: 'opus/48000/2' } as const

export type BaresipOptions = {
  /** Default PCMA, with PCMU. */
  codec?: keyof typeof codecNames | undefined
  ptimeMs?: number | undefined
  /** srtp: RTP/AVP with a=crypto, which may be left out; srtp-mand: RTP/SAVP or nothing. */
  encryption?: 'srtp' | 'srtp-mand' | undefined
  /** WAV that it plays as its microphone: 8 kHz, for G.722 16 kHz (its own resampler leaves nothing above 1.8 kHz). */
  microphone: string
  /** manual: rings until it is told to accept. */
  answers: 'auto' | 'manual'
  /** Its number. */
  number?: string
  /** Where it registers, and with what; else it stays to itself. */
  registers?: { port: number; password: string; seconds: number } | undefined
}

/** What it says about its calls, as its control port tells it. */
export type BaresipEvent = { class?: string; type?: string; param?: string }

export class Baresip implements AsyncDisposable {
  readonly address = ADDRESS
  readonly port: number
  readonly events: BaresipEvent[] = []
  /** What it wrote to its terminal. */
  output = ''
  readonly #child: ChildProcess
  readonly #folder: string
  #control!: Socket
  #arrived = Promise.withResolvers<void>()

  private constructor(child: ChildProcess, folder: string, port: number) {
    this.#child = child
    this.#folder = folder
    this.port = port
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (text: Buffer) => (this.output += text.toString('utf8')))
  }

  /** Resolves when it takes calls. Errors: Error with its last words. */
  static async start(options: BaresipOptions): Promise<Baresip> {
    if (!hasBaresip) throw new Error('baresip is not installed: apt-get install baresip-core')
    const folder = await mkdtemp(path.join(tmpdir(), 'waihu-baresip-'))
    const [port, control, rtp] = [await freePort(), await freePort(), await freePort()]
    await writeFile(path.join(folder, 'config'), config({ port, control, rtp, folder, microphone: options.microphone, rateHz: options.codec === 'G722' ? 16_000 : 8_000 }))
    await writeFile(path.join(folder, 'accounts'), `${account(options)};answermode=${options.answers};audio_codecs=${codecNames[options.codec ?? 'PCMA']};ptime=${options.ptimeMs ?? 20}${options.encryption ? `;mediaenc=${options.encryption}` : ''}\n`)
    await writeFile(path.join(folder, 'contacts'), '')
    const child = spawn('baresip', ['-4', '-f', folder, '-t', String(SECONDS_MAX)], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    const phone = new Baresip(child, folder, port)
    try {
      await phone.#connect(control)
      return phone
    } catch (error) {
      await phone[Symbol.asyncDispose]()
      throw new Error(`baresip did not start: ${phone.output.slice(-1_000)}`, { cause: error })
    }
  }

  /** Sends a command of its menu: `hangup`, `accept`, `hold`, `resume`, `sndcode 5`. */
  tell(command: string): void {
    const [word, ...params] = command.split(' ')
    const text = JSON.stringify({ command: word, params: params.join(' '), token: 'test' })
    this.#control.write(`${Buffer.byteLength(text)}:${text},`)
  }

  /** The first event of this type, past or to come. Errors: none; the test's time limit ends the wait. */
  async until(type: string): Promise<BaresipEvent> {
    for (;;) {
      const found = this.events.find((event) => event.type === type)
      if (found) return found
      await this.#arrived.promise
    }
  }

  /** Ends it, so that its files are whole; what it `said` and `heard` in its only call. */
  async recordings(): Promise<{ said: Wav; heard: Wav }> {
    await this.#stop()
    const names = await readdir(this.#folder)
    const read = async (suffix: string): Promise<Wav> => {
      const name = names.find((it) => it.startsWith('dump-') && it.endsWith(`-${suffix}.wav`))
      if (name === undefined) throw new Error(`baresip recorded nothing: ${names.join(' ')}`)
      return readWav(await readFile(path.join(this.#folder, name)))
    }
    return { said: await read('enc'), heard: await read('dec') }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #stop(): Promise<void> {
    this.#control?.destroy()
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), 3_000)
    await gone
    clearTimeout(kill)
  }

  async #connect(port: number): Promise<void> {
    for (const deadline = performance.now() + START_MS_MAX; ; ) {
      const socket = connect(port, ADDRESS)
      try {
        await once(socket, 'connect')
        this.#control = socket
        break
      } catch (error) {
        socket.destroy()
        if (performance.now() > deadline || this.#child.exitCode !== null) throw error
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
    this.#control.on('error', () => {}) // it went away: its exit is what tests see
    let buffered = Buffer.alloc(0)
    this.#control.on('data', (bytes: Buffer) => {
      buffered = Buffer.concat([buffered, bytes])
      // Netstrings: length ':' bytes ','.
      for (let colon = buffered.indexOf(':'); colon > 0; colon = buffered.indexOf(':')) {
        const length = Number(buffered.toString('latin1', 0, colon))
        if (buffered.length < colon + length + 2) return
        this.events.push(JSON.parse(buffered.toString('utf8', colon + 1, colon + 1 + length)) as BaresipEvent)
        buffered = buffered.subarray(colon + length + 2)
      }
      this.#arrived.resolve()
      this.#arrived = Promise.withResolvers()
    })
  }
}

function account({ number = '13800138000', registers }: BaresipOptions): string {
  if (!registers) return `<sip:${number}@${ADDRESS}>;regint=0`
  return `<sip:${number}@${ADDRESS}:${registers.port}>;auth_user=${number};auth_pass=${registers.password};regint=${registers.seconds}`
}

/** No sound card and no terminal: its microphone is a file, its recorder is its ear. stdio.so would end it without a terminal. */
function config(p: { port: number; control: number; rtp: number; folder: string; microphone: string; rateHz: number }): string {
  return `poll_method epoll
sip_listen ${ADDRESS}:${p.port}
net_interface ${ADDRESS}
audio_player aufile,/dev/null
audio_source aufile,${p.microphone}
audio_alert aufile,/dev/null
ausrc_srate ${p.rateHz}
auplay_srate ${p.rateHz}
ausrc_channels 1
auplay_channels 1
rtp_ports ${p.rtp}-${p.rtp + 10}
jitter_buffer_delay 2-10
module_path ${moduleFolder}
module g711.so
module g722.so
module opus.so
module srtp.so
module aufile.so
module sndfile.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen ${ADDRESS}:${p.control}
snd_path ${p.folder}
`
}
