import { defineCommand } from 'citty'
import { cliClient, cliConfig } from './context.ts'

export const balance = defineCommand({
  meta: { name: 'balance', description: '查询余额。 Show the balance.' },
  async run() {
    console.log(JSON.stringify(await cliClient(cliConfig()).get('/api/v1/account/balance'), null, 2))
  },
})
