import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codecs } from './codecs.ts'
import { InbandDigitReceiver } from './inband-digits.ts'
import { InbandDigitSender } from './inband-digit-sender.ts'

function sound(sender: InbandDigitSender, packet: number): Int16Array {
  const out: number[] = []
  const pcm = new Int16Array(packet)
  while (sender.write(pcm)) out.push(...pcm)
  return Int16Array.from(out)
}

void test('every key is heard once, through each codec, in packets of any size and at the shortest length', () => {
  const keys = '0123456789*#ABCD5500'
  for (const codec of ['PCMA', 'PCMU', 'G722'] as const) {
    for (const [packet, toneMs] of [[80, 50], [160, 100], [240, 40], [480, 500]] as const) {
      const sender = new InbandDigitSender()
      sender.queue(keys, { toneMs })
      const pcm = sound(sender, packet)
      assert.ok(Math.abs(pcm.length / 8 - keys.length * (toneMs + 100)) <= packet / 8)
      const [encoder, decoder] = [codecs[codec].encoder({}), codecs[codec].decoder()]
      const receiver = new InbandDigitReceiver()
      let heard = ''
      for (let at = 0; at < pcm.length; at += packet) {
        const bytes = new Uint8Array(packet)
        encoder.encode(pcm.subarray(at, at + packet), bytes, 0)
        heard += receiver.push(decoder.decode(bytes))
      }
      assert.equal(heard + receiver.push(new Int16Array(800)), keys, `${codec} ${packet} ${toneMs}`)
    }
  }
})

void test('has the level it was told, is never cut off, and takes at most 64 keys', () => {
  const peak = (levelDbm0: number) => {
    const sender = new InbandDigitSender()
    sender.queue('5', { levelDbm0 })
    return Math.max(...sound(sender, 160).map(Math.abs))
  }
  const full = 32_767 * 10 ** (-3.14 / 20)
  assert.ok(Math.abs(peak(-10) / (2 * full * 10 ** (-10 / 20)) - 1) < 0.05)
  assert.ok(peak(0) < 32_767)
  const sender = new InbandDigitSender()
  sender.queue('1'.repeat(100))
  assert.equal(sound(sender, 160).length / 8, 64 * 200)
})
