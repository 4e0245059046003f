import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FRAME_MS, FRAME_SAMPLES } from '../../media/frame.ts'
import { Clip, CLIP_MS_MAX, type ClipSound } from './clip.ts'

class Kept {
  readonly blocks: Uint8Array[] = []
  readonly clip = new Clip((block) => this.blocks.push(block))
  get ms(): number {
    return this.blocks.reduce((sum, block) => sum + block.length / 8, 0)
  }
  hears(sound: ClipSound, ms: number): this {
    for (let passedMs = 0; passedMs < ms; passedMs += FRAME_MS) this.clip.push(new Int16Array(FRAME_SAMPLES).fill(sound === 'silence' ? 0 : 1_000), sound)
    return this
  }
}

void describe('a clip of what was heard before the answer', () => {
  void test('is nothing where there was only ringing, silence and a click', () => {
    const kept = new Kept().hears('ringing', 1_000).hears('silence', 4_000).hears('other', 80).hears('ringing', 30_000)
    kept.clip.close()
    assert.equal(kept.ms, 0)
  })

  void test('begins three seconds before anything else was noticed', () => {
    const kept = new Kept().hears('ringing', 20_000).hears('other', 2_000)
    kept.clip.close()
    assert.equal(kept.ms, 2_000 + 3_000 - 80)
  })

  void test('is handed out second by second, fifteen seconds at most', () => {
    const kept = new Kept().hears('other', 5_900)
    assert.equal(kept.ms, 5_000)
    kept.hears('other', 60_000)
    kept.clip.close()
    assert.equal(kept.ms, CLIP_MS_MAX)
    assert.ok(kept.blocks.every((block) => block.length <= 8_000))
  })

  void test('begins as well when a tone turns out to be more than ringing', () => {
    const kept = new Kept().hears('ringing', 2_100).hears('telling', 20)
    kept.clip.close()
    assert.equal(kept.ms, 2_120)
  })

  void test('closed twice or used afterwards gives nothing twice', () => {
    const kept = new Kept().hears('other', 500)
    kept.clip.close()
    kept.clip.close()
    assert.equal(kept.ms, 500)
  })
})
