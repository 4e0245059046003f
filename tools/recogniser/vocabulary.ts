// Knows the words that fill the slots of training sentences. Does not know sentences.

/** Words between spaces; "-" stands for nothing at all. */
function words(list: string): string[] {
  return list.trim().split(/\s+/).map((word) => (word === '-' ? '' : word))
}

export const SURNAMES = words(`
  王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 胡 朱 高 林 何 郭 马 罗 梁 宋 郑 谢 韩 唐 冯 于 董 萧 程 曹 袁 邓 许 傅 沈 曾 彭 吕 苏 卢 蒋 蔡 贾 丁 魏 薛 叶
  阎 余 潘 杜 戴 夏 钟 汪 田 任 姜 范 方 石 姚 谭 廖 邹 熊 金 陆 郝 孔 白 崔 康 毛 邱 秦 江 史 顾 侯 邵 孟 龙 万 段 雷 钱 汤 尹 黎 易 常 武 乔 贺 赖
  龚 文 欧阳 司马 上官 诸葛`)

export const GIVEN = words(`
  伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 霞 平 刚 桂 玉 兰 英 华 文 建 国 志 海 红 梅 春 秀 珍 琴 玲 辉 鹏 飞 宇 轩 浩 然 子 涵 欣 怡 佳
  琪 雪 梦 婷 晓 东 小 龙 天 文 博 思 远 嘉 豪 俊 慧 颖 燕`)

export const TITLES = words(`
  先生 女士 小姐 老师 经理 医生 师傅 总 主任 阿姨 叔叔 律师`)

export const CITIES = words(`
  北京 上海 广州 深圳 杭州 南京 苏州 成都 重庆 武汉 西安 天津 长沙 郑州 青岛 厦门 宁波 合肥 济南 沈阳 大连 昆明 福州 东莞 佛山 无锡 哈尔滨 贵阳 南宁
  石家庄 乌鲁木齐 兰州 海口 珠海`)

export const ROADS = words(`
  人民路 中山路 解放路 建设路 和平路 新华路 朝阳大街 长江路 幸福路 科技大道 光明路 文化路 滨海大道 学院路 东风路`)

export const COMPANIES = words(`
  安心保险 平安银行 建设银行 工商银行 招商银行 中国移动 中国联通 中国电信 顺丰速运 京东快递 美团外卖 链家地产 阳光医院 新东方 人民医院 社区服务中心
  物业公司 教育局 供电公司 某某科技公司 客服中心 售后部门 信用卡中心 会员中心 派出所 居委会 口腔诊所 健身房 旅行社`)

export const PRODUCTS = words(`
  保险 贷款 信用卡 车险 重疾险 房子 商铺 课程 英语课 手机 宽带 套餐 流量包 理财 基金 空调 洗衣机 冰箱 电视 热水器 会员 体检 装修 家具 电脑 净水器
  优惠券 积分 礼品 发票 合同 快递 包裹 订单 外卖 机票 酒店 房间 座位 门票 疫苗 药 眼镜 蛋糕 鲜花 衣服 鞋子 轮胎 钥匙 会议室`)

export const FAMILY = words(`
  爸爸 妈妈 老婆 老公 儿子 女儿 哥哥 姐姐 弟弟 妹妹 爷爷 奶奶 外公 外婆 爱人 同事 朋友 室友 老板 秘书 邻居 孩子 同学 客户 父母`)

export const FILLERS = words(`
  嗯 啊 呃 喂 哦 那个 就是 这个 嗯嗯 哎 诶 哎呀 那 噢 呃呃 然后`)

export const PLACES = words(`
  家里 公司 单位 学校 医院 门口 楼下 前台 驿站 小区门口 菜鸟驿站 物业 办公室 车上 地铁站 超市 外面 火车站 机场 银行 停车场 商场 餐厅 老家 保安室
  快递柜`)

export const ACTIVITIES = words(`
  开会 开车 上班 吃饭 睡觉 上课 出差 坐地铁 忙 看病 打电话 带孩子 做饭 排队 锻炼 接孩子 逛街 旅游 住院 休息 搬家 洗澡 面试 考试 看电影 坐飞机 坐高铁`)

export const MEASURES = words(`
  个 位 件 张 次 斤 台 本 套 份 盒 瓶 袋 间 层 人 天 年 岁 公里 平米 分钟 小时 星期 个月 把 双 辆 条 遍 杯 箱`)

export const SUBJECTS = words(`
  - 我 我 我 你 你 他 她 我们 你们 他们 您 孩子 老人 客户 师傅 老师 医生 经理 老板 家里人 有人 朋友 同事 司机 老婆 老公 爸爸 妈妈 谁`)

export const ADVERBS = words(`
  - - - 已经 还没 还 也 都 就 才 刚 刚刚 正在 在 马上 一直 经常 从来没 可能 应该 一定 真的 现在 今天 昨天 明天 刚才 以前 后来 最近 每天 不 没 没有
  不想 想 要 不要 需要 不需要 可以 不可以 能 不能 会 不会 得 必须 打算 准备 开始 愿意 不愿意 喜欢 能不能 可不可以 要不要 会不会 是不是 有没有
  什么时候 怎么 为什么 为什么不 在哪里 先 再 又 只 只能 自己 一起 亲自 直接 赶紧 慢慢 帮我 给我 给你 跟我 让我 让他 请他 请你 请 麻烦你 不用 不太 很
  太 比较 特别`)

export const ENDINGS = words(`
  - - - - 了 了 吗 吗 吧 呢 啊 的 过 了吗 了吧 的时候 以后 之前 怎么办 可以吗 行不行 好不好 再说 就行 也行 多少钱 要多久`)

export const PARTICLES = words(`
  - - - - 吧 啊 呢 吗 了 嘛 呀 的`)

export const REFUSALS = words(`
  不需要 不用了 没兴趣 不感兴趣 不要 不用 没有需要 不想要 暂时不需要 不考虑 没空 没时间 不方便 别打了 算了`)

export const AGREEMENTS = words(`
  好的 可以 行 没问题 好啊 好 嗯 对 是的 对的 没错 那行 成 好吧 可以的 行啊 当然可以 嗯好的 同意 明白 知道了`)

export const MINUTES_BEFORE_EXACT = words(`
  - - - 半 半 一刻 三刻 钟 十分 二十 四十 五十 零五分`)

export const MINUTES_AFTER_EXACT = words(`
  多 左右 整 以后 以前 之前`)

export const DAYS = words(`
  今天 明天 后天 大后天 昨天 前天`)

export const PERIODS = words(`
  月底 下个月 下周 年底 过两天 这个月 上个月 上周 去年 明年 今年 周末 节后 春节 国庆节 元旦 中秋节 五一 清明节 端午节`)
