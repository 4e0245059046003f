// Knows which characters the general dictionary reads wrongly on the telephone. Tables only: does not know how they are applied.

/** Words whose reading differs from the dictionary's, or that decide a character with several readings. */
export const wordReadings: Readonly<Record<string, string>> = {
  // spoken particles
  嗯: 'èn', 嗯嗯: 'èn èn', 哎: 'āi', 诶: 'ēi', 欸: 'ēi', 呃: 'è', 噢: 'ō', 哦: 'ò', 唔: 'wú', 呣: 'mú', 呒: 'mú', 哼: 'hēng', 幺: 'yāo', 谁: 'shéi',
  // address and the line
  先生: 'xiān sheng', 拨打: 'bō dǎ', 重拨: 'chóng bō', 重播: 'chóng bō', 重听: 'chóng tīng', 重复: 'chóng fù', 重新: 'chóng xīn', 重发: 'chóng fā', 转接: 'zhuǎn jiē', 转人工: 'zhuǎn rén gōng', 转告: 'zhuǎn gào',
  挂断: 'guà duàn', 占线: 'zhàn xiàn', 空号: 'kōng hào', 嘀声: 'dī shēng', 得去: 'děi qù', 得来: 'děi lái', 得先: 'děi xiān', 还得: 'hái děi', 您得: 'nín děi', 率先: 'shuài xiān',
  // money
  还钱: 'huán qián', 还款: 'huán kuǎn', 还清: 'huán qīng', 还贷: 'huán dài', 还房贷: 'huán fáng dài', 还车贷: 'huán chē dài', 还书: 'huán shū', 归还: 'guī huán', 偿还: 'cháng huán', 未还: 'wèi huán', 已还: 'yǐ huán', 应还: 'yīng huán',
  银行: 'yín háng', 行长: 'háng zhǎng', 支行: 'zhī háng', 分行: 'fēn háng', 总行: 'zǒng háng', 本行: 'běn háng', 我行: 'wǒ háng', 银行卡: 'yín háng kǎ', 行号: 'háng hào', 利率: 'lì lǜ', 分期: 'fēn qī', 打折: 'dǎ zhé', 供应: 'gōng yìng', 应缴: 'yīng jiǎo', 应收: 'yīng shōu', 缴纳: 'jiǎo nà',
  // visits and deliveries
  挂号费: 'guà hào fèi', 复诊: 'fù zhěn', 血压: 'xuè yā', 抽血: 'chōu xuè', 便血: 'biàn xuè', 处方: 'chǔ fāng', 处理: 'chǔ lǐ', 办事处: 'bàn shì chù', 相处: 'xiāng chǔ', 快递: 'kuài dì', 投递: 'tóu dì', 驿站: 'yì zhàn', 菜鸟驿站: 'cài niǎo yì zhàn', 调货: 'diào huò', 调试: 'tiáo shì', 调休: 'tiáo xiū', 调整: 'tiáo zhěng', 装载: 'zhuāng zài', 载重: 'zài zhòng',
  // meetings and school
  会计: 'kuài jì', 参加: 'cān jiā', 参会: 'cān huì', 着装: 'zhuó zhuāng', 校对: 'jiào duì', 校验: 'jiào yàn', 长辈: 'zhǎng bèi', 家长会: 'jiā zhǎng huì', 模样: 'mú yàng', 差旅: 'chāi lǚ', 出差: 'chū chāi', 差不多: 'chà bu duō', 差一点: 'chà yì diǎn', 角色: 'jué sè', 下载: 'xià zài', 暂停: 'zàn tíng', 数据: 'shù jù',
  // everyday words with several readings
  睡觉: 'shuì jiào', 觉得: 'jué de', 音乐: 'yīn yuè', 快乐: 'kuài lè', 长大: 'zhǎng dà', 便宜: 'pián yi', 方便: 'fāng biàn', 空调: 'kōng tiáo', 有空: 'yǒu kòng', 没空: 'méi kòng', 抽空: 'chōu kòng', 空着: 'kòng zhe', 大夫: 'dài fu', 盛饭: 'chéng fàn', 假期: 'jià qī', 请假: 'qǐng jià', 放假: 'fàng jià', 号召: 'hào zhào', 为了: 'wèi le', 因为: 'yīn wèi', 朝阳: 'cháo yáng', 分量: 'fèn liàng', 过分: 'guò fèn', 当真: 'dàng zhēn', 上当: 'shàng dàng', 妥当: 'tuǒ dang', 兴趣: 'xìng qù', 高兴: 'gāo xìng', 答应: 'dā ying', 中奖: 'zhòng jiǎng', 看中: 'kàn zhòng', 尽快: 'jǐn kuài', 尽量: 'jǐn liàng', 尽管: 'jǐn guǎn', 模糊: 'mó hu', 麻烦: 'má fan', 卡住: 'qiǎ zhù', 血液: 'xuè yè',
  // places
  重庆: 'chóng qìng', 六安: 'lù ān', 亳州: 'bó zhōu', 台州: 'tāi zhōu', 丽水: 'lí shuǐ', 莘庄: 'xīn zhuāng', 番禺: 'pān yú', 铅山: 'yán shān', 洪洞: 'hóng tóng', 蚌埠: 'bèng bù', 厦门: 'xià mén', 大厦: 'dà shà', 浚县: 'xùn xiàn', 乐清: 'yuè qīng', 乐亭: 'lào tíng', 乐山: 'lè shān', 东阿: 'dōng ē', 燕郊: 'yān jiāo', 长沙: 'cháng shā', 十里堡: 'shí lǐ pù', 牟平: 'mù píng', 单县: 'shàn xiàn', 渑池: 'miǎn chí', 枞阳: 'zōng yáng', 尉犁: 'yù lí', 天津: 'tiān jīn', 重阳: 'chóng yáng', 朝阳区: 'cháo yáng qū', 闵行: 'mǐn háng', 长宁: 'cháng níng',
  // surnames of two characters have one reading wherever they stand
  尉迟: 'yù chí', 万俟: 'mò qí', 令狐: 'líng hú', 澹台: 'tán tái', 长孙: 'zhǎng sūn', 单于: 'chán yú', 皇甫: 'huáng fǔ', 鲜于: 'xiān yú', 濮阳: 'pú yáng', 宇文: 'yǔ wén', 夏侯: 'xià hóu', 呼延: 'hū yán', 亓官: 'qí guān', 拓跋: 'tuò bá', 百里: 'bǎi lǐ',
}

/** Characters read differently as a surname: pinyin with tone digit. */
export const surnameReadings: Readonly<Record<string, string>> = {
  单: 'shan4', 曾: 'zeng1', 任: 'ren2', 仇: 'qiu2', 区: 'ou1', 解: 'xie4', 查: 'zha1', 盖: 'ge3', 朴: 'piao2', 缪: 'miao4', 翟: 'zhai2', 覃: 'qin2', 乐: 'yue4', 华: 'hua4', 员: 'yun4', 种: 'chong2', 黑: 'he4', 折: 'she2', 宓: 'mi4', 秘: 'bi4', 召: 'shao4', 祭: 'zhai4', 那: 'na1', 能: 'nai4', 过: 'guo1', 哈: 'ha3', 曲: 'qu1', 燕: 'yan1', 葛: 'ge3', 盛: 'sheng4', 薄: 'bo2', 卜: 'bu3', 柏: 'bai3', 都: 'du1', 句: 'gou1', 教: 'jiao4', 訾: 'zi1', 强: 'qiang2', 相: 'xiang4', 要: 'yao1', 重: 'chong2', 朝: 'chao2', 洗: 'xian3', 车: 'che1', 牟: 'mu4', 尹: 'yin3', 冼: 'xian3', 贾: 'jia3', 逄: 'pang2', 郗: 'xi1', 应: 'ying1', 纪: 'ji3', 宁: 'ning4', 幸: 'xing4', 郇: 'xun2', 隗: 'wei3', 撒: 'sa4', 繁: 'po2', 瞿: 'qu2', 晁: 'chao2', 谌: 'chen2', 仉: 'zhang3', 芮: 'rui4', 褚: 'chu3',
}

/** What follows a person's name in address: 张先生, 王总. */
export const titles: readonly string[] = [
  '先生', '女士', '小姐', '太太', '夫人', '老师', '经理', '总监', '主任', '主管', '医生', '大夫', '护士', '教授', '博士', '律师', '师傅', '同学', '同志', '阿姨', '叔叔', '大爷', '大妈', '大哥', '大姐', '局长', '处长', '科长', '部长', '院长', '校长', '所长', '厂长', '店长', '队长', '站长', '行长', '董事长', '会长', '秘书', '书记', '警官', '法官', '工程师', '设计师', '会计', '老板', '家长', '妈妈', '爸爸', '总', '董', '工', '哥', '姐', '叔', '姨',
]

/** Single letters as Mandarin speakers say them. */
export const letterReadings: Readonly<Record<string, string>> = {
  A: 'ei1', B: 'bi4', C: 'xi1', D: 'di4', E: 'yi4', F: 'ai2 fu5', G: 'ji4', H: 'ei1 chi5', I: 'ai4', J: 'jie4', K: 'kai4', L: 'ai2 lou5', M: 'ai2 mu5', N: 'en1', O: 'ou1', P: 'pi4', Q: 'kou4', R: 'a4', S: 'ai2 si5', T: 'ti4', U: 'you1', V: 'wei1', W: 'da2 bu5 liu5', X: 'ai2 ke5 si5', Y: 'wai4', Z: 'zei4',
}

/** English words so common in Mandarin that they are said with Mandarin sounds. Upper case. */
export const loanReadings: Readonly<Record<string, string>> = {
  OK: 'ou1 kai4', OKAY: 'ou1 kai4', HI: 'hai1', HELLO: 'ha1 lou5', BYE: 'bai1', BYEBYE: 'bai1 bai5', WIFI: 'wai1 fai5', 'WI-FI': 'wai1 fai5', VS: 'dui4',
}
