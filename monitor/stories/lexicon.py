"""What many languages call the same thing: a small table of concepts of news, so that reports of one event meet across languages.

One concept a line: its id, then words in English, German, French, Italian, Spanish, Polish and Chinese, accents left out. ``attack*`` is
a prefix, ``new_york`` a phrase, a word without a star stands for itself. Chinese words are found anywhere in a run of characters.
"""

from __future__ import annotations

HAPPENINGS = """
attack: attack* angriff* angegriff* attentat* attaque* attacc* ataque* atak* zaatak* anschlag* 袭击 攻击 襲擊 攻擊
strike_military: airstrike* luftangriff* luftschlag* bombardement* bombard* nalot* ostrzal* shell shelling beschuss* 空袭 空襲 轰炸
missile: missile* rakete* raket* missil* misil* rakiet* 导弹 飛彈 導彈
ceasefire: ceasefire* truce waffenruhe* waffenstillstand* feuerpause* cessez tregua* rozejm* zawieszeni* 停火
killed: kill killed kills killing getotet* totet* tote toten tue tues ucciso uccisi muert* zabit* zgin* 死亡 丧生 身亡 遇难 罹難
dead: died dies dead death deaths stirbt starb gestorben verstorben* tot tod mort morts morte morta morto muere murio fallec* zmarl* nie_zyje smierc* 去世 逝世 死
injured: injur* wounded verletzt* blesse* ferit* herid* rann* rannych 受伤 受傷
missing: missing vermisst* disparu* dispers* desaparecid* zaginio* zagine* 失踪 失蹤
hostage: hostage* geisel* otage* ostagg* rehen* zakladnik* 人质 人質
flee: flee flees fled fleeing flieh* flucht* fuient fuite fuir fuga fugg* huyen huir ucieka* uciekl* 逃离 逃離
arrest: arrest* festgenomm* verhaft* festnahme* arrete* interpell* detenut* detenid* deten* aresztow* zatrzyma* 逮捕 被捕 拘留
trial: trial prozess* proces processo juicio verdict urteil* wyrok* sentence* sentenc* condamn* condann* conden* verurteil* skazan* 审判 判决 判處
lawsuit: lawsuit* sue sues sued suing klage klagt verklagt* klagen poursuit* plainte* causa denuncia* demanda pozew pozw* pozywa* 起诉 诉讼 起訴
investigation: pruft prufen ueberpruf* uberpruf* review reviews reviewing investigat* ermittl* untersuch* enquete* indagin* inchiest* investigac* sledztw* dochodzeni* probe probes 调查 調查
ban: ban bans banned banning verbot* verbiet* verboten* interdi* interdire diviet* vieta* vietat* prohib* zakaz* zakazu* 禁止 禁令 封禁
sanction: sanction* sanktion* sanzion* sancion* sankcj* 制裁
tariff: tariff* zoll zolle zollen strafzoll* douane* dazi dazio arancel* clo cla celn* 关税 關稅
export_control: exportkontroll* exportverbot* exportbeschrank* 出口管制 出口限制 輸出管制
agreement: deal deals agreement* abkommen* accord accords accordo accordi acuerdo* umow* porozumieni* pact treaty vertrag* 协议 協議 协定
sign: sign signs signed signing unterzeichn* unterschreib* signe signent signature firma firmano firman firmo podpis* 签署 簽署
talks: talks negotiat* verhandl* gesprach* negociat* negozia* trattativ* negociac* rozmow* negocjac* 谈判 談判 会谈
meeting: meet meets meeting met treffen trifft getroffen rencontr* incontr* reunion* reune spotka* summit gipfel* sommet vertice cumbre szczyt* 会晤 峰会 會晤 會議
vote: vote votes voted voting abstimm* stimmt gestimmt votent votez voto votano glosow* zaglosow* 投票 表决
election: election* wahl wahlen wahlkampf* elections elezion* eleccion* wybor* 选举 大选 選舉
protest: protest* demonstr* manifest* kundgebung* blockad* 抗议 示威 抗議
strike_work: walkout* streik* greve* sciopero scioperi huelga* strajk* 罢工 罷工
resign: resign* rucktritt* zurucktret* tritt_zuruck demission* dimission* dimiss* dimit* dymisj* rezygn* 辞职 辭職
appoint: appoint* ernannt* ernenn* nomm* nomina* nombr* mianow* powola* named 任命 出任
fired: sacked entlass* entlasst* licenci* licenzia* despid* zwolni* zwalnia* layoff* stellenabbau* 裁员 解雇 裁員
threat: threat* droht drohen drohung* bedroh* menace* minacc* amenaz* grozi* grozb* zagroz* 威胁 威脅
warn: caution* vorsicht* vigilan* prudenc* ostrozn* 谨慎 警惕 warn warns warned warning* warnt warnen warnung* gewarnt avertis* alerte* avvert* advierte* advert* ostrzeg* ostrzez* 警告 预警
reject: reject* ablehn* lehnt abgelehnt* zuruckgewies* rejett* refus* respin* rifiut* rechaz* odrzuc* sprzeciw* 拒绝 拒絕
demand: verlang* verlangt require* requir* obblig* wymag* demand* fordert fordern forderung* gefordert* exig* chiede chied* zada zadaj* domaga* 要求
approve: allow* permit* erlaub* erlaubt autoris* autorizz* autoriz* permett* permite pozwol* clear cleared 允许 許可證 approv* genehmig* billigt gebilligt* zustimm* approuv* aprueba* aprob* zatwierdz* zgod* grunes_licht 批准 获批 核准
delay: delay* postpon* verschieb* verschob* verzoger* vertag* retard* reporte rinvi* ritard* aplaz* retras* opozn* przeloz* przesun* 推迟 延期 推遲 延後
cancel: cancel* absage* abgesagt* sagt_ab annul* cancell* anula* odwola* 取消
withdraw: withdraw* withdrew pull_out pulls exit exiting exits ruckzug* zuruckzieh* ziehen_zuruck austritt* austrit* retrait retire retirer ritir* retira* wycof* wystap* porzuc* quit quits 退出 撤回 撤军
launch: launch* unveil* reveal* debuts vorstell* vorgestellt* stellt_vor prasentier* enthull* lance lancer lancement* devoil* presente present* lancia* lanz* zaprezent* przedstaw* pokazal* 发布 推出 發布 亮相
release: release* released veroffentlich* erschein* erschien* publie* publi* rilasci* pubblica* public* opublik* wyda* 公布 发表 上线
invest: invest* anlegen beteilig* inwest* 投资 投資
fund_round: funding financing finanzierungsrunde* finanzier* levee financement* finanziament* financiac* finansow* raises raised 融资 融資
ipo: ipo borsengang* introduction_en_bourse entree_en_bourse quotazione debut_bursatil gieldow* flotation listing 上市 招股书 首次公开募股
profit: profit* gewinn gewinne earnings benefic* util* gananc* zysk* quartalszahl* 利润 盈利 財報 财报
loss: loss losses verlust* pertes perdit* perdid* strat strata straty 亏损 虧損
fire: fire fires bushfire* wildfire* brand brande waldbrand* buschbrand* feuer incendi* incendies incendie fuoco pozar* 火灾 大火 山火 火災
flood: flood* hochwasser* uberschwemm* inondation* alluvion* inundac* powodz* powodzi* 洪水 水灾
storm: storm storms sturm* orkan* tempete* tempest* tormenta* burz* wichur* hurricane* hurrikan* ouragan* uragan* huracan* huragan* cyclone* zyklon* taifun* typhoon* 台风 飓风 颱風 风暴
earthquake: earthquake* quake erdbeben* seisme* terremot* trzesieni* 地震
crash: crash* absturz* abgesturzt* unfall* unfalle accident* incident* wypad* katastrof* 坠毁 事故 墜毀
explosion: explo* explosion* esplosion* wybuch* eksploz* blast 爆炸
shooting: shooting shot gunman gunmen schuss schusse schuss* erschoss* fusillade* sparator* tiroteo* strzelanin* strzal* zastrzel* 枪击 槍擊
murder: murder* mord morde ermord* meurtr* assassin* omicid* asesin* zabojstw* morderst* 谋杀 兇殺
win: win wins won winner* gewinnt gewann sieg siege siegt gagn* victoire* vinc* vittori* gana gano victori* wygra* zwycie* 获胜 夺冠 贏得
defeat: defeat* beaten beats niederlage* verlier* verlor* defait* sconfi* derrot* porazk* przegra* 击败 落败
transfer: transfer* wechsel* wechselt transfert* trasferiment* fichaj* 转会 轉會
license: licen* lizenz* zezwolen* koncesj* 许可 許可
upfront: upfront prepay* vorkasse* vorauszahl* prepaiement* anticip* przedplat* 预付 全额预付 預付
pay: pay pays paid payment* zahl zahlt zahlen bezahl* gezahlt paie payer paiement* paga pagar pago placi* zaplac* platnosc* 支付 付款
smuggle: smuggl* schmuggel* contreband* contrabband* contraband* przemyt* 走私
seize: seiz* beschlagnahm* saisi* sequest* sequestr* incaut* przejal przejel* konfisk* aufgebracht* boarded 扣押 没收
censor: censor* zensur* censur* cenzur* 审查 審查
recognise: recogni* anerkenn* anerkannt* reconnai* reconnu* riconosc* reconoc* uzna* 承认 承認
visit: visit* besuch* visite* visita* wizyt* 访问 訪問
stranded: strand* gestrandet* festsitz* sitzen_fest bloque* bloccat* varad* utkn* uwiezi* 滞留 被困
rescue: rescu* retter* rettung* gerettet* secour* sauvet* soccors* salvat* rescat* ratown* uratow* 救援 获救
search: search* suche sucht suchen recherch* cherch* ribusqued* busca* poszuk* szuk* 搜索 搜寻
evacuate: evacu* evaku* ewaku* 疏散 撤离
funeral: funeral* beerdig* begrab* trauerfeier* funerail* obseq* pogrzeb* beisetz* 葬礼
mourn: mourn* trauer* trauert deuil lutto luto zalob* gedenk* commemor* tribute* 悼念 哀悼
wedding: wedding* hochzeit* heirat* marri* mariage* matrimoni* boda slub* wesel* 婚礼 结婚
divorce: divorc* scheidung* getrennt rozwod* divorzi* 离婚
award: award* preisverleih* auszeichn* recompens* premi* premio premios nagrod* oscar* prize* grammy* 奖 獎
apologise: apolog* entschuld* excus* scus* discul* przepras* przepros* 道歉
criticise: critic* kritik* kritisier* critiqu* krytyk* 批评 批評
accuse: accus* beschuldig* vorwurf* vorwurfe wirft wirf* accusa* acus* oskarz* zarzut* alleg* 指控 指责
deny: deny denies dement* bestreit* weist_zuruck niega niegan smentis* desment* zaprzecz* 否认
reveal_truth: expose* exposing aufgedeckt* deckt revel* rivel* ujawn* leak* 披露 泄露 曝光
oppose: oppos* gegner* against sprzeciwi* przeciw* contrair* 反对
call_for: urge* urges appell* aufruf* appel appelle* llama* apel* wezw* 呼吁
promise: promis* verspr* promet* obiec* pledge* zusag* 承诺
limit: limit* begrenz* beschrank* einschrank* restrict* restring* ogranicz* curb* curbs 限制
increase: increas* rise rises rising rose erhoh* steig* gestieg* anstieg* augment* hausse* aument* crec* wzrost* rosn* wzros* podwyz* surge* soar* jump* hike* 上涨 增长 上升
decrease: decreas* fall falls fell falling drop drops dropped sink* gesunk* ruckgang* baiss* chute* calo baja* caid* spad* obniz* slump* plung* tumble* cut cuts cutting senk* 下跌 下降
stop: ruhen ruht freeze* einfrier* eingefroren stop* stopp* halt halts ferma* zatrzym* wstrzym* pause* pausier* suspen* aussetz* ausgesetzt* sospen* zawies* 暂停 停止
close: close closes closed closing schliess* geschloss* ferm* chius* chiud* cierr* cerr* zamkn* zamyk* shut* 关闭
destroy: destr* zerstor* zniszcz* distrug* 摧毁
damage: damag* schaden* beschadig* dommag* dano danos szkod* uszkod* 损坏
repair: repair* reparier* reparatur* repar* ripar* napraw* 修复
reform: reform* 改革
escape: escap* entkommen evas* evad* uciec 逃脱
kidnap: kidnap* entfuhr* enlev* rapito rapita rapimento secuest* porwan* porwal* abduct* 绑架
rape: rape* vergewalt* viol viols stupr* violac* gwalt* zgwalc* 强奸
abuse: abus* missbrauch* missbraucht* harass* belastig* harcel* molest* acos* naduzyc* 虐待 骚扰
theft: theft* thief* diebstahl* gestohl* vol vols furto furti robber* robbed robo kradzi* ukrad* stolen steal* heist* raub* 盗窃
fraud: fraud* betrug* betrug* fraude* frode* truff* estafa* oszust* scam* 诈骗 欺诈
bankrupt: bankrupt* insolven* pleite* faillit* falliment* quiebr* upadlo* bankruct* 破产
recall: recall* ruckruf* rappel* richiam* wycofan* 召回
contract: contract* vertrage contrat* contratt* contrato* kontrakt* 合同
bid: bid bids angebot* gebot* offre* offert* oferta* ofert* tender* 竞标
deport: deport* abschieb* expuls* espuls* 驱逐 遣返
coup: coup putsch* staatsstreich* golpe colpo_di_stato zamach* 政变
occupation: occup* besetz* okup* 占领
breach: breach* datenleck* datenpanne* fuite_de_donnees violazione wyciek* 数据泄露
capture: captur* gefangen* capturi* cattur* schwytan* pojman* 抓捕 俘
"""
"""What is done or befalls: two reports of one event seldom name different ones."""

CONCEPTS = """
ends: end ends ended ending beendet beenden fin termine termina finisce konczy zakoncz* koniec 结束 結束
begin: start starts started begin begins beginn* startet gestartet commence* debut* inizi* empiez* comienz* rozpocz* 开始 開始 启动
plan: plan plans planned plant planen geplant* prevoi* pian* prev* planuj* 计划 計劃
buy: buy buys buying bought kauf* ubernahm* ubernehm* acquir* acquis* acheter achet* rachat* compra* compro kupi* kupuj* przejm* przejec* takeover merger fusion* fuzj* 收购 并购 收購
sell: sell sells selling sold sale sales verkauf* vend* vent* vente* sprzeda* 出售 销售 銷售
order: order orders ordered bestell* command* ordin* pedido* zamowi* 订单 訂單
baby: baby babies bebe* neonat* niemowl* niemowle geburt* birth* geboren* born naissance* nascit* narodzin* urodz* twins zwilling* jumeaux gemelli gemelos blizni* 双胞胎 出生
birthday: birthday* geburtstag* urodziny compleanno cumpleanos 生日
confirm: confirm* bestatig* conferm* potwierdz* 确认 证实
announce: announc* ankundig* kundigt annonc* annunci* anunci* oglosi* oglasza* zapowied* zapowiad* 宣布
support: defend defends verteidigt support* unterstutz* soutien* soutenir sosteg* apoy* popar* poparc* wspar* wspier* back backs backed backing 支持
open: open opens opened opening offnet eroffn* offen ouvr* ouvert* apre apert* abre abri* otwar* otwier* 开放 开幕
build: build* built bau baut bauen gebaut* constru* costru* budow* zbudow* 建造 建设
change: chang* andern andert anderung* geandert* wandel* cambia cambio cambia  zmien* zmian* 改变
test: test tests tested testet getestet* essai* prova provato prueba* proba proby testuj* 测试 试验
war: war krieg* guerre guerra wojn* 战争 戰爭
drone: drone drones drohne* drony dron drona dronow* droni 无人机 無人機
peace: peace frieden* paix pace paz pokoj* pokoju 和平
troops: troops soldat* soldier* soldad* truppen* troupes truppe tropas wojsk* zolnierz* military militar* militair* army armee* ejercito armia armii 军队 士兵 軍隊 军方
refugee: refugee* fluchtling* refugie* rifugiat* refugiad* uchodzc* displaced vertrieb* 难民 難民
police: police polizei* polizia policia policj* polizist* cops 警方 警察
court: court courts gericht* tribunal* tribunale corte sad sadu sadow* trybunal* richter* judge* juge* giudic* juez sedzi* 法院 法庭 法官
prosecutor: prosecutor* staatsanwalt* procureur* procura procuratore fiscalia fiscal prokurat* ankla* indict* charged 检察
export: export exports exported exportiert* exporte exporten exportation* esportazion* exportacion* eksport* 出口
import: import imports importe importen importation* importazion* importacion* 进口 進口
trade: trade handel handels* freihandel* commerc* commercial* comercio handlow* handlu 贸易 貿易
parliament: parliament* parlament* parlement* sejm* bundestag* congress kongress* kongres* congreso congresso senate senat* senado senato 议会 国会 國會
president: president* prasident* presidente* prezydent* 总统 總統 主席
prime_minister: premier premierminister* ministerprasident* premierze premiera kanzler* chancellor* 总理 首相 總理
minister: minister* ministre* ministro* ministr* 部长 部長
government: government* regier* bundesregier* gouvernement* governo gobierno rzad rzadu rzadow* 政府
opposition: opposition* opozycj* opposizion* oposicion* 反对派 反對
farmer: farmer* landwirt* bauer bauern agricult* agricol* rolnik* rolnic* 农民 農民
stock: stock stocks shares aktie aktien borse borsen* bourse azioni bors* bolsa acciones akcj* gield* 股价 股票 股市 股份
price: price* preis* prix prezz* precio* cen ceny cena 价格 價格
inflation: inflation* inflacj* inflazion* inflacion* 通胀 通膨
economy: econom* wirtschaft* gospodar* ekonom* 经济 經濟
bank: bank banks banken banque* banca banche banco bancos bankow* 银行 銀行
interest_rate: zins zinsen leitzins* taux tasso tassi tipos interest_rate 利率 降息 加息
budget: budget* haushalt* bilancio presupuesto* budzet* 预算 預算
tax: tax taxes steuer* impot* tasse impuest* podatk* 税 稅
oil: oil ol erdol* petrol* ropa ropy naft* tanker* oltanker* petrolier* petroliera 石油 原油 油轮 油輪
gas: erdgas* gasleitung* gazoduc* gazociag* gas gaz gazu 天然气
nuclear: nuclear atom* nuklear* nucleair* nuclear* jadrow* 核
energy: energy energie energia energii stromausfall* strom blackout* electric* elettric* prad pradu electricity 能源 电力 停电
climate: climate klima klimawandel* climat* clima klimat* 气候 氣候
snow: snow* schnee* neige* neve nevic* nieve nevad* snieg* sniez* blizzard* 雪
plane: plane planes aircraft flugzeug* avion* aereo aerei samolot* flight* flug fluge 飞机 客机 航班 飛機
train: train trains zug zuge bahn* treno treni tren trenes pociag* 火车 列车 列車
ship: ship ships schiff* navire* bateau* nave navi barco* buque* statek statk* statku vessel* 船 舰
hospital: hospital* krankenhaus* klinik* hopital* ospedal* szpital* 医院 醫院
health: health gesundheit* sante salute salud zdrow* medical medizin* medic* medyczn* 健康 医疗 醫療
disease: disease* krankheit* maladie* malatti* enfermedad* chorob* virus* outbreak* ausbruch* epidem* 疾病 病毒 疫情
vaccine: vaccin* impf* vaccino vacuna* szczepi* 疫苗
drug: drug drugs drogen* drogue* droga droghe narkotyk* medikament* medicament* farmac* lek leki 药物 毒品 藥物
study: study studie studien etude* studio estudio* badani* badacz* researchers forscher* chercheur* ricercator* investigadores naukow* scientist* wissenschaft* 研究 科学家 科學家
space_station: iss raumstation* spaceflight* space_station 空间站 空間站
astronaut: astronaut* cosmonaut* kosmonaut* raumfahr* 宇航员 航天员 太空人
space: space weltraum* weltall* espace spazio espacio kosmos* kosmic* 太空 航天
moon: moon mond lune luna ksiezyc* 月球
school: school* schule* schuler* ecole* scuol* escuel* szkol* 学校 學校
university: universit* universidad* uniwersytet* hochschul* uczeln* 大学 大學
student: student* etudiant* estudiant* studenc* absolvent* graduate* diplome* 学生 毕业生 學生 畢業生
child: child children kind kinder kindern enfant* bambin* nino ninos ninas dziec* 儿童 孩子 兒童
woman: woman women frau frauen femme* donna donne mujer* kobiet* 女性 妇女
church: church* kirche* eglise* chiesa iglesia* kosciol* pope papst papa papiez* pape vatican* vatikan* watykan* 教皇 教宗 教会
king: king konig* roi re rey krol krola royal* 国王 國王
film: film films movie* kino cinema cine actor actress schauspieler* acteur* attore attrice aktor* 电影 電影
music: music* musik* musique* musica muzyk* singer* sanger* chanteu* cantante* piosenk* 音乐 音樂 歌手
football: football fussball* calcio futbol pilk* soccer bundesliga* 足球
match: match* spiel spiele partita partido* mecz* game games 比赛 比賽
final: final finals finale finalu halbfinal* semifinal* 决赛 決賽
champion: champion* meister* weltmeister* mistrz* campeon* campion* 冠军 冠軍
injury_player: sprained verletzung* kontuzj* blessure* infortuni* lesion*
coach: coach trainer* entraineur* allenator* entrenador* trener* 教练 教練
record: record* rekord* 纪录 創紀錄 记录
chip: chip chips halbleiter* semiconductor* semiconduct* puce puces semicondu* polprzewod* chipow* chipy 芯片 半导体 晶片 半導體
ai: ai ki ia sztuczn* intelligenz artificial kunstlich* artificielle* artificiale 人工智能 人工智慧
model: model models modell* modele modelo modelli modello modelu 模型
robot: robot* roboter* 机器人 機器人
humanoid: humanoid* umanoid* 人形
car: car cars auto autos voiture* automobil* coche* samochod* vehicle* fahrzeug* ev evs elektroauto* 汽车 電動車 电动车
self_driving: robotaxi* selbstfahrend* autonom* 自动驾驶 自動駕駛 无人驾驶
phone: phone phones smartphone* handy handys telefon* telephon* 手机 手機
computer: computer* rechner laptop* ordinateur* ordenador* komputer* pc 电脑 電腦
software: software logiciel* oprogramowan* app apps aplikacj* application* 软件 應用 应用
internet: internet* netz online web 互联网 網路
hacker: hack* cyber* hakier* 黑客 网络攻击 駭客
data: data daten* donnees dati datos dane danych 数据 數據 資料
privacy: privacy datenschutz* privat* rodo gdpr dsgvo 隐私 隱私
customer: customer* kunde* kunden client clients cliente* clienti klient* 客户 客戶
factory: factor* fabrik* werk usine* fabbric* fabrica* zaklad* 工厂 工廠
company: company companies unternehmen* konzern* firma firmy firm entreprise* societe* aziend* empresa* spolk* 公司 企业 企業
startup: startup* start-up* gruender* grunder* 初创 创业 新創
subsidy: subsid* subvention* foerder* forder* zuschuss* sovvenzion* dotacj* 补贴 補貼
spy: spy spies spion* espion* spie spia szpieg* geheimdienst* 间谍 間諜
secret: secret* geheim* segret* tajn* tajemnic* 秘密
border: border* grenz* frontier* frontiere* confin* fronter* granic* 边境 邊境
visa: visa* visum wiz wiza wizy 签证 簽證
migrant: migra* einwander* immigr* imigr* zuwander* 移民
residence: residence* residenz* residenc* rezydencj* 住所 官邸
weapons: weapon* waffe* arms arme armes armi armas bron broni 武器
defence: defen* verteidig* difes* obron* 国防 防务 國防
aid: aid hilfe hilfen aide aides aiuti ayuda pomoc pomocy 援助
law: law laws gesetz* loi lois legge leggi ley leyes ustaw* prawo bill 法律 法案
rule_regulation: regul* vorschrift* rozporzadz* 监管 規定 规定
organisation: organi* 组织 組織
trade_union: gewerkschaft* syndicat* sindacat* sindicat* zwiazk* union unions 工会
employment: job jobs arbeit* emploi* lavoro trabajo* prac praca pracy pracown* worker* 就业 工人
lottery: lottery lotto* lotteri* loteri* 彩票
food: food lebensmittel* aliment* cibo comida zywnosc* jedzeni* 食品
diet: diet diatetik* ernahrung* alimentation* dieta diety nutrition* guideline* leitlinie* wytyczn* 饮食 营养
animal: animal* tier tiere tieren animaux animali zwierz* 动物 動物
gorilla: gorill* goryl* 大猩猩
bet: bet bets betting wette* wetten pari paris_sportifs scommess* apuest* 赌 投注
toy: toy toys spielzeug* jouet* giocattol* juguet* zabawk* klock* brick bricks 玩具 积木
hypersonic: hypersonic* hyperschall* hypersoniq* hipersonic* hiperdzwiek* 高超音速
image: image images bild bilder photo* foto fotos immagin* imagen* zdjec* obraz* 图像 照片 圖像
video: video* wideo 视频 影片
fake: fake* deepfake* gefalscht* falso falsi falszyw* 假
porn: porn* nude nudes sexuali* sexuel* nackt* undress* rozbier* nago naked bikini 色情 裸
child_protect: jugendschutz* minors minderjahrig* mineur* minor minori menores nieletn* 未成年
independence: independen* unabhangig* independan* indipenden* niepodleg* 独立 獨立
statement: statement* erklar* declar* dichiar* oswiadcz* 声明 聲明
expert: expert* experte* esperti esperto expert* ekspert* 专家 專家
union_eu: eu ue europaische* europeenne* europea europej* european europaisch* 欧盟 歐盟
un: un uno onu onz united_nations 联合国 聯合國
nato: nato otan 北约 北約
white_house: white_house weisse_haus bialy_dom 白宫 白宮
tourist: tourist* urlaub* touris* turist* turyst* vacanz* vacacion* vacanc* 游客 旅游 遊客
island: island* insel* ile iles isola isole isla islas wysp* 岛 島
sea: sea meer mer mare mar morze morza morzu ocean* ozean* 海 海洋
mountain: mountain* berg berge bergen montagn* montan* gor gory gora 山
river: river* fluss* fleuve* riviere* fiume rio rzek* 河
forest: forest* wald walder foret* foresta bosque* las lasu lasow 森林
park: park parks nationalpark* parc parco parque parku 公园
city: city cities stadt stadte ville villes citta ciudad* miast* 城市
town_village: town village* dorf dorfer gemeinde* commune* villaggio paese pueblo* wies gmin* 村 镇
building: building* gebaude* batiment* edific* budyn* hotel* 建筑 大楼 酒店
house: house* haus hauser home homes maison* casa casas dom domu domow domy 房 住宅
housing: rent rents miete* mieten wohnung* loyer* affitt* alquiler* czynsz* mieszkan* apartment* flat flats 租金 房价
road: road* strasse* route routes strada strade carretera* drog droga drodze highway* autobahn* autostrad* 公路 道路
bridge: bridge* brucke* pont ponts ponte puente* most mostu 桥 橋
airport: airport* flughafen* aeroport* aeropuerto* lotnisk* 机场 機場
airline: airline* fluggesellschaft* lufthansa compagnie_aerienne aerolinea* linie_lotnicze 航空公司
bus: bus busse buses autobus* bussen 巴士 公交
driver: driver* fahrer* conduct* autista conductor* kierowc* 司机
passenger: passenger* passagier* passager* passegger* pasajer* pasazer* 乘客
victim: victim* opfer* victime* vittim* ofiar* 受害者 遇难者
survivor: surviv* uberleb* survi* sopravviss* ocal* 幸存 生还
body_found: leiche* cadav* corpse* zwlok* cialo 尸体 遗体
anniversary: anniversar* jahrestag* jubilaum* anniversair* aniversar* rocznic* 周年
family: famil* familie* rodzin* 家庭 家人
father: father* vater* pere padre ojciec ojca ojcem 父亲
mother: mother* mutter* mere madre mama matka matki matke mom 母亲
son: son sohn sohne fils figlio hijo syn syna synow 儿子
daughter: daughter* tochter* fille figlia hija corka corki corke 女儿
wife: wife ehefrau* epouse moglie esposa zona zony zone 妻子
husband: husband* ehemann* mari marito esposo maz meza 丈夫
girl: girl girls madchen ragazz* chica* dziewczyn* 女孩
boy: boy boys junge jungen garcon* chlop* 男孩
teen: teen* jugendlich* adolescen* nastol* mlodziez* 青少年
old_people: elderly senior* rentner* pension* retire* rente renten retraite* emeryt* anzian* jubil* 退休 老人 养老
man: man men mann manner homme* uomo uomini hombre* mezczyzn* 男子
doctor: doctor* arzt arzte medecin* medico medici lekarz* 医生 醫生
nurse: nurse* pfleg* infirmi* infermier* enfermer* pielegniar* 护士
patient: patient* paziente* paciente* pacjen* 患者 病人
cancer: cancer* krebs* cancro tumor* nowotw* raka 癌症
heart: heart herz* coeur cuore corazon serc* 心脏
brain: brain* gehirn* hirn* cerveau cervell* cerebr* mozg* 大脑 脑
surgery: surger* operation* operiert chirurg* operac* 手术 手術
obesity: obes* ubergewicht* fettleib* otylosc* ozempic wegovy 肥胖 减肥
alcohol: alcohol* alkohol* alcool* wein wine wines vin vino bier beer beers biere piwo piw* 酒
smoking: smok* rauch* tabac* tabacco tabaco tabak* tyton* papieros* cigar* zigaretter* rettung* 烟 吸烟
sugar: sugar* zucker* sucre* zucchero azucar cukier cukru 糖
meat: meat* fleisch* viande* carne carni mies* wolowin* beef rindfleisch* boeuf 肉 牛肉
milk: milk milch lait latte leche mlek* dairy nabial* 牛奶 奶粉
water: water wasser* eau eaux acqua agua wod woda wody wodzie trinkwasser* 水
heat: heat hitze* heatwave* canicul* caldo calor upal* 高温 热浪
cold: cold kalte* froid freddo frio mroz* frost* 寒冷 寒潮
ice: ice eis glatteis* glace ghiaccio hielo lod lodu 冰
wind: wind winds windkraft* vent vento viento wiatr* 风 風
rain: rain regen* pluie* pioggi* lluvia* deszcz* 雨
weather: weather wetter* meteo tempo_meteo pogod* 天气 天氣
volcano: volcan* vulkan* wulkan* vulcan* 火山
landslide: landslide* erdrutsch* glissement* frana frane deslizamiento* osuwisk* avalanch* lawine* valang* lawin* 滑坡 雪崩
pollution: pollut* verschmutz* inquin* contamin* zanieczy* smog* 污染
emission: emission* emisj* emissi* emision* co2 carbon* kohlenstoff* dwutlen* 排放 碳
coal: coal kohle* charbon* carbone carbon wegiel wegla 煤炭
solar: solar* photovolta* fotowolt* fotovolt* 太阳能 光伏
battery: batter* akku akkus batteri* bateri* akumulat* 电池 電池
electric_grid: grid stromnetz* reseau_electrique siec_energetyczna kraftwerk* elektrown* centrale* power_plant 电网 发电
mine: mines mining bergwerk* bergbau* miniera miniere mina minas kopaln* gornic* 矿 采矿
rare_earth: rare_earth* seltene_erden terres_rares terre_rare tierras_raras metale_ziem 稀土
steel: steel stahl* acier* acciaio acero stal stali 钢铁
copper: copper kupfer* cuivre rame cobre miedz* 铜
lithium: lithium* litio litu 锂
wheat: wheat grain weizen getreide* ble cereal* grano trigo zboz* pszenic* 小麦 粮食
fish: fish* fisch* poisson* pesce pesca pescado ryb* 鱼 渔
dog: dog dogs hund hunde chien* cane cani perro* pies psa psy psow 狗 犬
cat: cat cats katze* chat chats gatto gatti gato* kot kota kotow 猫
bird: bird birds vogel* oiseau* uccell* pajar* ptak* 鸟 鳥
wolf: wolf wolfe wolves loup* lupo lupi lobos wilk* 狼
bear: bear bears baren ours orso orsi oso osos niedzwiedz* 熊
shark: shark* hai haie requin* squal* tiburon* rekin* 鲨鱼
whale: whale* wal wale baleine* balen* ballen* wieloryb* 鲸
elephant: elephant* elefant* elefante* slon slonia slonie 大象
monkey: monkey* affe affen singe* scimmi* mono monos malp* 猴
insect: insect* insekt* insett* owad* bee bees biene* abeille* api abeja* pszczol* 昆虫 蜜蜂
plant: plants pflanz* plante* piant* roslin* tree trees baum baume arbre* alber* arbol* drzew* 植物 树
garden: garden* garten* jardin* giardin* ogrod* 花园
dinosaur: dinosaur* dinosaurier* dinozaur* 恐龙
fossil: fossil* skamien* 化石
archaeology: archaeolog* archeolog* archaolog* arqueolog* ausgrab* wykopali* 考古
museum: museum* musee* museo* muzeum* muzeal* 博物馆
art: art kunst* arte sztuk* painting* gemalde* peinture* dipint* cuadro* artist* kunstler* artysta artysc* 艺术 藝術
book: book books buch bucher livre* libro libri libros ksiazk* 书 图书
author: author* autor* auteur* autore autori writer* schriftstell* ecrivain* scrittor* escritor* pisarz* 作家
newspaper: newspaper* zeitung* journal* giornale* periodic* gazet* dziennik* media medien presse press prensa 媒体 记者
journalist: journalist* giornalist* periodist* dziennikarz* reporter* 记者
television: television* fernseh* tv televis* telewizj* 电视 電視
radio: radio* rundfunk* 广播
social_media: facebook instagram tiktok twitter whatsapp telegram snapchat youtube 社交媒体 抖音
streaming: stream* netflix serie* series serial* 剧集 流媒体
festival: festival* festiwal* fest 节 艺术节
concert: concert* konzert* concerto concierto koncert* tour tournee* 演唱会
theatre: theat* theater* teatr* oper* opera 剧院
fashion: fashion* mode moda mody designer* 时尚
game_video: videogame* videospiel* jeu_video videogioc* videojueg* gra gier gry playstation* xbox nintendo* gaming 游戏 遊戲
olympic: olymp* olimp* 奥运 奧運
tennis: tennis tenis* 网球
basketball: basketball* basket* koszyk* nba 篮球
formula1: formel formula_1 formula_one formule_1 grand_prix f1 一级方程式
cycling: cycli* radsport* radrenn* cyclis* ciclis* kolar* fahrrad* velo velos bici* rower* 自行车
ski: ski skiing skispring* skoki skier* sci esqui* narciar* biathlon* 滑雪
swimming: swim* schwimm* natation nuoto natacion plywa* 游泳
boxing: boxing boxer* boxe* boks* pugil* 拳击
athlete: athlet* sportler* sportif* atlet* deportist* sportow* 运动员
club: club* verein* klub* 俱乐部
player: player* spieler* joueur* giocator* jugador* zawodnik* pilkarz* 球员
referee: referee* schiedsricht* arbitr* sedzia 裁判
goal: goal goals tor tore but buts gol goli gole 进球
quarterfinal: quarter_final* viertelfinal* quart_de_finale cwiercfinal* quarterfinal* 四分之一决赛
ticket: ticket* fahrkart* billet* bigliett* boleto* bilet* 门票 车票
claim: claim* behaupt* affirm* afferm* sostien* twierdz* 声称
question: question* frage fragen domand* pregunt* pytan* zapyt* 问题
answer: answer* antwort* repons* rispost* respuest* odpowied* 回应 回答
crisis: crisis krise* crise* crisi kryzys* 危机
emergency: emergenc* notstand* notfall* urgenc* stan_wyjatkowy 紧急
security: security sicherheit* securit* sicurezz* segurid* bezpiecz* guarantee* garanti* garanz* gwaranc* 安全 保障
terror: terror* 恐怖
extremist: extremis* rechtsextrem* linksextrem* estremis* ekstremi* nazi* neonazi* 极端
islamist: islamis* dschihad* jihad* dzihad* islamischer_staat islamic_state 伊斯兰国
muslim: muslim* moslem* musulm* islam* 穆斯林
jewish: jew* jews jewish juden judisch* juif* ebre* judi* zyd* zydow* antisemit* synagog* 犹太
christian: christian* christen* chreti* cristian* chrzesc* 基督
prison: prison* gefangnis* haft haftling* inhaft* carcer* prigion* carcel* wiezien* jail* 监狱
corruption: corrupt* korrupt* korrup* corruz* corrup* brib* bestech* lapowk* tangent* sobor* 腐败 贿赂
money: money geld* argent denaro soldi dinero pieniad* pieniedz* 钱 资金
dollar: dollar* dolar* usd 美元
euro_currency: euro euros 欧元
currency: currenc* wahrung* monnaie* monet* moneda* walut* banknot* yuan renminbi 货币 人民币
debt: debt* schuld* schulden* dette* debit* deud* dlug* zadluz* 债务
growth: growth wachstum* croissanc* crescit* crecimient* 增长
recession: recession* rezession* recessi* recesj* 衰退
market: market* markt* markte* marche* mercat* mercad* rynek rynk* 市场 市場
investor: investor* anleger* investisseur* investitor* inversor* 投资者
billionaire: billionaire* milliardar* miliardar* milliardair* multimillonari* miliarder* 亿万富翁
ceo: ceo chef chefs vorstandschef* pdg amministratore_delegato consejero_delegado prezes* boss 首席执行官
founder: founder* grunder* fondateur* fondator* fundador* zalozyciel* 创始人
retail: retail* einzelhandel* supermark* supermerc* sklep* laden store stores shop shops magasin* negozi* tienda* 零售 超市
amazon_trade: amazon alibaba temu shein jd.com 电商
consumer: consumer* verbrauch* consommat* consumator* consumidor* konsument* 消费者
advert: advert* werbung* publicit* reklam* pubblicit* 广告
brand: brand_name marke marken marque* marca marche_de 品牌
monopoly: monopol* antitrust* kartell* cartel* 垄断
supply: suppl* liefer* lieferkett* approvisionn* fornit* fornitur* suministr* dostaw* 供应
shortage: shortag* mangel* knapp* penur* carenz* escas* niedobor* brak brakuje 短缺
production: produc* produktion* herstell* produz* produkcj* 生产
technology: technolog* technik* tecnolog* tech 技术 科技
research_ai: openai anthropic chatgpt gpt claude gemini llama copilot 大模型
train_ai: training trainier* trainiert* entrain* addestr* entrena* 训练
open_source: open_source quelloffen* opensource open_weight 开源
benchmark: benchmark* 基准 评测
parameter: parameter* parametr* token tokens 参数
server: server* rechenzentr* data_center* datacenter* datacentre* centre_de_donnees serwer* 服务器 数据中心
cloud: cloud* wolke chmur* 云
quantum: quantum* quanten* quanti* cuantic* kwant* 量子
satellite: satellit* satelit* 卫星 衛星
rocket_space: rocket* tragerrakete* fusee* razzo razzi cohete* 火箭
mars: mars marte 火星
asteroid: asteroid* komet* comet* 小行星
telescope: telescop* teleskop* 望远镜
physics: physic* physik* fisic* fizyk* 物理
chemistry: chemi* chemie* chimi* quimic* 化学
biology: biolog* gene gen genes genet* dna 基因 生物
evolution: evolution* ewoluc* neandert* human_ancestor 进化
climate_summit: cop29 cop30 cop31 klimagipfel* 气候大会
constitution: constitut* verfassung* costituz* constituc* konstytuc* 宪法
referendum: referend* volksabstimm* 公投
party: party parties partei* parti partito partiti partido partidos partia partii 政党
left_wing: linke links linkspartei gauche sinistra izquierda lewic* left_wing 左翼
right_wing: rechte rechtspopul* afd droite destra derecha prawic* right_wing far_right 右翼 极右
coalition: coalit* koalit* coaliz* koalic* 联盟 联合政府
mayor: mayor* burgermeist* maire* sindaco alcald* burmistrz* prezydent_miasta 市长
governor: governor* gouverneur* governator* gobernador* gubernator* wojewod* 州长 省长
senator: senator* 参议员
lawmaker: lawmaker* abgeordnet* depute* deputat* diputad* posel posl* congressman mp mps 议员
diplomat: diplomat* diplomac* 外交
foreign: foreign* ausland* auslander* etrang* strani* extranj* zagranic* cudzoz* 外国 外交部
asylum: asyl* asile asilo azyl* 庇护
citizen: citizen* staatsburg* burger citoyen* cittadin* ciudadan* obywatel* 公民
human_rights: human_rights menschenrecht* droits_humains diritti_umani derechos_humanos praw_czlowieka 人权
freedom: freedom* freiheit* liberte* liberta libertad* wolnos* 自由
democracy: democra* demokrat* 民主
dictator: dictat* diktat* dyktat* regime* rezim* 独裁 政权
militia: militia* miliz* rebel* rebell* guerril* rebeld* milic* insurg* 武装 叛军
general_officer: general* generale admiral* commander* kommandeur* dowodc* 将军
navy: navy marine* marina kriegsschiff* warship* okret* 海军
air_force: air_force luftwaffe* kampfjet* fighter_jet* jet jets sily_powietrzne mysliw* 空军 战机
tank: tank tanks panzer* carro_armato carri czolg* 坦克
bomb: bomb bombs bombe* bomba bomby bombie mina_ladowa 炸弹
ballistic: ballisti* balisti* balistycz* 弹道
nuclear_deal: iaea iaeo atomabkommen* uranium* uran* 核协议 铀
prisoner_swap: gefangenenaustausch* prisoner_exchange wymian_wiezniow 换俘
genocide: genocid* volkermord* ludoboj* 种族灭绝
war_crime: war_crime* kriegsverbrech* crime_de_guerre zbrodni* 战争罪
icc: icc istgh cpi mtk haager 国际刑事法院
famine: famin* hunger* hungersnot* fame hambr* glod* 饥荒
poverty: povert* armut* pauvret* pobrez* ubostw* bied* 贫困
inequality: inequal* ungleich* inegalit* 不平等
minimum_wage: wage* lohn* mindestlohn* salair* salari* plac placa minimaln* 工资
holiday: holiday* feiertag* ferien* vacances feri* swiet* swieto 假期 节日
christmas: christmas* weihnacht* noel natale navidad* boze_narodzenie bozego_narodzenia 圣诞
new_year: neujahr* silvester* nouvel_an capodanno ano_nuevo sylwest* nowy_rok 新年 春节
firework: firework* feuerwerk* bollerv* boller feux_d petard* fuegos_artificiales fajerwerk* 烟花
bar_club: nightclub* bar bars disco diskothek* discothequ* discotec* restaurant* ristorant* restauran* 酒吧 餐厅
gun: gun guns gewehr* pistole* arme_a_feu pistol* karabin* firearm* 枪
knife: knife* messer* couteau* coltell* cuchill* noz noza nozem nozownik* stabb* messerstech* 刀
suspect: suspect* verdacht* tatverdacht* suspett* sospett* sospech* podejrz* 嫌疑
witness: witness* zeuge* zeugen* temoin* testimon* testigo* swiad* 证人
evidence_proof: evidenc* beweis* preuve* prova prueb* dowod* 证据
document: document* dokument* akte akten  文件
email: email* mail mails 电子邮件
password: password* passwort* mot_de_passe hasl* 密码
account: account* konto konten compte* cuenta* kont 账户
user: user users nutzer* utilisateur* utent* usuario* uzytkown* 用户
subscription: subscrib* subscri* abonn* abo abbonament* suscri* 订阅
free: free gratis kostenlos* gratuit* darmow* 免费
expensive: expens* teuer* cher chers caro cari drog* 昂贵
cheap: cheap* billig* gunstig* pas_cher economic* tani* 便宜
luxury: luxur* luxus* luxe lusso lujo 奢侈
watch_clock: uhr uhren watches montre* orolog* reloj* zegar* 手表
glasses: glasses brille* lunett* occhial* gafas okular* 眼镜
headset: headset* vr_brille vision_pro 头显
camera: camera* kamera* fotocamer* aparat* 相机
screen: screen* bildschirm* ecran* schermo pantall* ekran* display* 屏幕
laptop: notebook* macbook* laptops 笔记本
iphone: iphone* ios ipad*
android: android* pixel galaxy 安卓
chip_maker: tsmc intel amd asml smic samsung sk_hynix micron 台积电 三星 英特尔
elevate_rate: fed federal_reserve ezb ecb bce ebc 美联储 欧洲央行
tesla: tesla teslas 特斯拉
boeing: boeing airbus 波音 空客
volkswagen: volkswagen vw bmw mercedes* porsche audi 大众 奔驰 宝马
trump: trump trumps trumpa trumpem trumpowi 特朗普 川普
putin: putin putins putina putinem putinowi poutine 普京 普丁
xi: xi_jinping* 习近平 習近平
zelensky: zelensk* selensk* zelenski* zelensky* 泽连斯基
macron: macron macrons macrona macronem 马克龙
merz: merz merza merzem 默茨
starmer: starmer* 斯塔默
netanyahu: netanja* netanya* netaniahu netanjahu* 内塔尼亚胡
maduro: maduro* 马杜罗
khamenei: khamenei* chamenei* chamenej* 哈梅内伊
erdogan: erdogan* 埃尔多安
modi: modi modis 莫迪
kim: kim_jong* 金正恩
musk: musk musks muska muskiem 马斯克
huang: jensen_huang* 黄仁勋 黃仁勳
nvidia: nvidia* 英伟达 輝達 英偉達
huawei: huawei* 华为 華為
google: google* alphabet 谷歌
microsoft: microsoft* 微软 微軟
meta_platforms: zuckerberg* 扎克伯格
apple: apple apples 苹果公司
bytedance: bytedance* 字节跳动 字節跳動
tencent: tencent* 腾讯 騰訊
baidu: baidu* 百度
deepseek: deepseek* 深度求索
ambassador: ambassador* botschafter* ambassad* ambasci* embajad* ambasad* 大使
envoy: envoy* gesandt* emissair* inviat* enviad* wyslannik* 特使
bitcoin: bitcoin* krypto* crypto* cripto* kryptowalut* 比特币 加密货币
gold: gold goldpreis* oro zlot* 黄金 黃金
"""

PLACES = """
beijing: beijing peking* pekin* pechino 北京
shanghai: shanghai* schanghai* changhai szanghaj* 上海
hangzhou: hangzhou* hangczou* 杭州
shenzhen: shenzhen* 深圳
hong_kong: hongkong* 香港
moscow: moscow moskau* moscou mosca moscu moskw* 莫斯科
kyiv: kyiv* kiev* kiew* kijow* 基辅 基輔
warsaw: warsaw* warschau* varsovie varsavia varsovia warszaw* 华沙
berlin: berlin* 柏林
munich: munich munch* monachi* 慕尼黑
cologne: cologne koln* colonia koloni* 科隆
vienna: vienna wien vienne wieden* wiedni* 维也纳
geneva: geneva genf geneve ginevra ginebra genew* 日内瓦 日內瓦
zurich: zurich* zurych* zurigo 苏黎世
brussels: brussels brussel* bruxelles bruselas bruksel* 布鲁塞尔
paris: paris parigi paryz* 巴黎
london: london* londres londra londyn* 伦敦 倫敦
rome: rome rom roma rzym* 罗马
washington: washington* waszyngton* 华盛顿 華盛頓
new_york: york yorku nowojorsk* newyork* 纽约 紐約
tehran: tehran* teheran* 德黑兰 德黑蘭
damascus: damascus damaskus damas damasco damaszk* 大马士革
aleppo: aleppo alep halab* 阿勒颇
jerusalem: jerusalem* gerusalemme jerozolim* 耶路撒冷
gaza: gaza gazas gazastreifen* gazie strefa_gazy 加沙 加薩
caracas: caracas* 加拉加斯
kurdish: kurd* kurdisch* 库尔德
greenland: greenland* gronland* groenland* groenlandia grenlandi* 格陵兰 格陵蘭
crimea: crimea* krim crimee krym* 克里米亚
arctic: arctic* arktis* arctique* artico arktyk* 北极
silicon_valley: silicon_valley 硅谷 矽谷
"""

DEMONYMS = """
US: usa vereinigten_staaten stanach_zjednoczonych stanow_zjednoczonych stany_zjednoczone amerik* american* americain* amerykan* us 美国 美國 美方
CN: china chinas chines* chinois* chine cina cines* chinsk* chiny chin chinach chinom chinczy* 中国 中國 中方
RU: russia russian* russland* russisch* russe russes russie russo russi rosyj* rosj* rosja ruso* rusia* 俄罗斯 俄羅斯 俄方
UA: ukrain* ucrain* ucran* 乌克兰 烏克蘭
DE: german* deutsch* bundesrepublik allemand* allemagne tedesc* aleman* niemc* niemiec* 德国 德國
FR: french franz* francais* frances* francuz* francusk* francj* 法国 法國
GB: british britisch* britann* brite* briten uk brytyj* 英国 英國
PL: polish poland* polnisch* polen polon* polsk* polacy 波兰
IT: italian* italien* wlosk* wloch* 意大利 義大利
ES: spanish spain spanisch* spanien* espagn* spagn* espan* hiszpan* 西班牙
CH: swiss schweiz* suisse* svizzer* suiz* szwajcar* 瑞士
AT: austria* osterreich* autrich* austri* 奥地利
JP: japan* japon* giappon* 日本
KR: sudkorea* koreanisch* korean coreen* koreansk* 韩国 韓國
KP: nordkorea* 朝鲜 北韓
TW: taiwan* tajwan* 台湾 臺灣 台灣
IN: india indias indian indians indisch* indien* inde indie indii indyjsk* 印度
IR: iran* 伊朗
IQ: iraq* irak* 伊拉克
IL: israel* izrael* 以色列
PS: palestin* palastin* 巴勒斯坦
SY: syria* syrien* syrisch* syrie* siria* syri* syryj* 叙利亚 敘利亞
YE: yemen* jemen* 也门
SA: saudi* saoudi* saudyj* 沙特
TR: turk* turqu* turc turch* turec* turcj* 土耳其
VE: venezuel* wenezuel* 委内瑞拉 委內瑞拉
MX: mexic* mexik* messic* meksyk* 墨西哥
BR: brazil* brasil* bresil* 巴西
CA: canad* kanad* 加拿大
AU: austral* 澳大利亚 澳洲
DK: danish denmark* danisch* danemark* danois* danimarc* danes* dunsk* dania danii 丹麦
GL: gronlandisch*
SO: somali* 索马里
EU: europa* europe
"""

NUMBER_WORDS = {
    2: "two zwei deux due dos dwa dwie dwoch 两",
    3: "three drei trois tre tres trzy trzech troje 三",
    4: "four vier quatre quattro cuatro cztery czterech czworo 四",
    5: "five funf cinq cinque cinco piec pieciu 五",
    6: "six sechs sei seis szesc szesciu 六",
    7: "seven sieben sept sette siete siedem siedmiu 七",
    8: "eight acht huit otto ocho osiem osmiu 八",
    9: "nine neun neuf nove nueve dziewiec 九",
    10: "ten zehn dix dieci diez dziesiec dziesieciu 十",
    11: "eleven elf onze undici once jedenascie jedenastu",
    12: "twelve zwolf douze dodici doce dwanascie dwunastu",
}

STOPWORDS = """
a about above after again against ahead all also am amid among an and another any are around as at back be because been before being below
between both but by can could did do does doing down during each even few first for from further get gets getting go goes going got had has
have having he her here hers him his how however i if in into is it its just last latest like made make makes making many may me might more
most much must my near new news next no nor not now of off on once one only or other our out over own per said same say says see she should
since so some still such take takes than that the their them then there these they this those through to told too top under until up upon
us very via was way we were what when where which while who why will with within without would year years yet you your day days week weeks
month months today yesterday tomorrow monday tuesday wednesday thursday friday saturday sunday january february march april june july august
september october november december time times according reportedly report reports live update updates

aber ab alle allem allen aller alles als also am an ander andere anderen auch auf aus bei beim bis bin bisher da dabei dafur damit dann das
dass davon dazu dem den denen denn der deren des dessen die dies diese diesem diesen dieser dieses doch dort du durch ein eine einem einen
einer eines er es etwa fur gab geben gegen gegenuber geht gibt habe haben hat hatte hatten ihm ihn ihnen ihr ihre ihrem ihren ihrer im in
ins ist ja jahr jahre jahren jede jedem jeden jeder jedes jetzt kann kein keine keinen konnen konnte konnten laut lassen machen macht man
mehr mehrere mehreren mit muss mussen mochte nach nachdem neu neue neuem neuen neuer neues nicht nichts noch nun nur ob oder ohne schon sehr
sei sein seine seinem seinen seiner seit sich sie sind so soll sollen sollte sowie uber um und uns unter viel viele vielen vom von vor wann
war waren warum was weg wegen weil weiter weitere weiteren wenn wer werden wie wieder will wir wird wo wohl wollen wurde wurden zu zum zur
zuvor zwischen montag dienstag mittwoch donnerstag freitag samstag sonntag januar februar marz mai juni juli oktober dezember tag tage tagen
woche wochen monat monate offenbar heute gestern morgen

au aux avec ce ces cet cette comme dans de depuis des dont du elle elles en encore entre est et ete etre eu fait il ils je la le les leur
leurs lui mais meme ne ni nos notre nous on ont ou par pas peut plus pour quand que qui sa sans se selon ses son sont sous sur tous tout
toute toutes tres un une vers vous y apres avant contre jour jours semaine mois annee ans lundi mardi mercredi jeudi vendredi samedi dimanche
alors aussi autre autres avait ainsi deux jusqu face

al alla alle anche ancora agli ai che chi ci col come con contro cosa cui da dal dalla dalle dei del della delle dello di dopo dove e ed era
essere fa fino gli ha hanno ho i il in io la le lei lo loro lui ma mentre mi nei nel nella nelle no noi non nostro o oggi ogni per perche
piu poi prima quando quanto quella quello questa questi questo se secondo sempre si sono sta stato su sua sue sugli sui sul sulla suo tra
tutti tutto un una uno giorni giorno anno anni nuovo nuova

al algo ante antes asi aunque como con contra cual cuando de del desde donde durante e el ella ellos en entre era es esa ese eso esta estan
estas este esto estos fue fueron ha han hasta hay hoy la las le les lo los mas me mi mientras muy ni no nos o otra otro para pero poco por
porque que quien se segun ser si sido sin sobre son su sus tal tambien tan tiene todo todos tras tu un una uno unos y ya ano anos dia dias
nuevo nueva

aby ale ani az bardzo beda bedzie bez bo by byc byl byla bylo byly co czy dla do dwa dzis go i ich ile im ja jak jako je jego jej jest
jeszcze juz kiedy ktora ktore ktorego ktorej ktory ktorych ktorym ktorzy lub ma maja mamy moze mozna my na nad nam nas nawet nie niego
nich nim niz nowa nowe nowy o od oraz po pod podczas podal powiedzial poza przed przez przy roku rok sa sie skad sobie ta tak takie tam te
tego tej ten to tu tych tym tylko u w we wedlug wiec wobec wszystko z za ze zostal zostala zostaly zostalo sroda srode czwartek piatek
sobota sobote niedziela niedziele poniedzialek wtorek stycznia lutego marca kwietnia maja czerwca lipca sierpnia wrzesnia pazdziernika
listopada grudnia dni dzien lat lata oto

aan als bij dan dat de deze die dit door een en er haar heeft het hij hoe hun is kan maar meer met na naar niet nog of om onder ook op over
te tegen tot uit van voor was wat werd wordt worden zal ze zich zijn zou
ao aos as com da das do dos e em foi mais mas nao na nas no nos o os ou para pela pelo por que se sem ser seu sua um uma
"""
