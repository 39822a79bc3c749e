// The words of the page in four languages, and how numbers and times are written in each. The names of touchpoints and
// segments come from the map.
import type { Names } from "./api";

export const kLanguages = { en: "English", fa: "فارسی", ar: "العربية", ru: "Русский" } as const;
export type Language = keyof typeof kLanguages;

const en = {
  touchpointMap: "Live touchpoint map",
  window: "Window",
  language: "Language",
  theme: "Light or dark",
  live: "Live",
  connecting: "Connecting…",
  notLive: "Not live",
  lag: "behind",
  records: "events",
  upTo: "up to {0}",
  upToDate: "up to date",
  customers: "Customers",
  interactions: "Interactions",
  conversions: "Conversions",
  ofCustomers: "{0} customers",
  ofInteractions: "{0} interactions",
  satisfaction: "Satisfaction",
  unmapped: "Not on the map",
  alerts: "Alerts",
  noAlerts: "No alert is firing",
  firingSince: "since {0}",
  resolvedAt: "resolved {0}",
  usually: "usually {0}",
  responses: "{0} responses",
  expected: "expected {0}",
  noRatings: "no ratings",
  painPoint: "Pain point",
  belowExpectation: "Below expectation",
  asExpected: "As expected",
  noExpectation: "No expectation",
  overUsed: "Over-used",
  underUsed: "Under-used",
  waitLong: "Wait {0}",
  silent: "Silent",
  alsoSeen: "Also seen here",
  allCustomers: "All customers",
  others: "Others",
  expand: "Show the touchpoints of {0}",
  importance: "importance {0}",
  close: "Close",
  overTime: "Over time",
  volume: "Interactions and customers",
  waiting: "Waiting",
  median: "median",
  nineTenths: "9 of 10",
  ratings: "Ratings",
  credit: "Credit for conversions",
  comeFrom: "Customers come from",
  goNext: "Customers go next",
  lapsed: "nowhere: they lapse",
  nothingYet: "Nothing yet",
  segment: "Segment",
  need: "Need",
  outcome: "Outcome",
  owner: "Owner",
  process: "Process",
  channel: "Channel",
  token: "This engine asks for a token",
  tokenHint: "It is the content of the file named in http.token_file. It stays in this tab.",
  open: "Open",
  noWindow: "No window has closed yet. The first figures come when one has.",
  unreachable: "The engine does not answer. Trying again…",
  whyTitle: "What changed",
  within: "satisfaction within {0}",
  mix: "another mix: {0}",
  shareOfCredit: "credit",
  shareOfUse: "use",
  lapses: "{0} customers lapsed after this",
  skip: "Skip to the map",
  seconds: "s",
  minutes: "min",
  hours: "h",
  days: "d",
  stages: {
    awareness: "Awareness", knowledge: "Knowledge", consideration: "Consideration", selection: "Selection",
    satisfaction: "Satisfaction", loyalty: "Loyalty", advocacy: "Advocacy",
  } as Record<string, string>,
  kinds: {
    "satisfaction-drop": "Satisfaction has dropped", "volume-drop": "Fewer interactions than usual",
    "wait-rise": "Waiting is longer than usual", "conversion-drop": "Fewer conversions than usual",
  } as Record<string, string>,
  models: {
    first: "First touch", last: "Last touch", linear: "Linear", position: "Position", decay: "Time decay", shapley: "Shapley", markov: "Removal effect",
  } as Record<string, string>,
  rated: { csat: "CSAT (1–5)", stars: "Stars (1–5)", nps: "NPS", ces: "CES (1–7)", sentiment: "Sentiment (−1–1)" } as Record<string, string>,
};

export type Words = typeof en;

const fa: Words = {
  touchpointMap: "نقشهٔ زندهٔ نقاط تماس",
  window: "بازه",
  language: "زبان",
  theme: "روشن یا تیره",
  live: "زنده",
  connecting: "در حال اتصال…",
  notLive: "قطع",
  lag: "عقب",
  records: "رویداد",
  upTo: "تا {0}",
  upToDate: "به‌روز",
  customers: "مشتریان",
  interactions: "تعامل‌ها",
  conversions: "تبدیل‌ها",
  ofCustomers: "{0} مشتری",
  ofInteractions: "{0} تعامل",
  satisfaction: "رضایت",
  unmapped: "بیرون از نقشه",
  alerts: "هشدارها",
  noAlerts: "هیچ هشداری فعال نیست",
  firingSince: "از {0}",
  resolvedAt: "برطرف شد {0}",
  usually: "معمولاً {0}",
  responses: "{0} پاسخ",
  expected: "انتظار {0}",
  noRatings: "بدون امتیاز",
  painPoint: "نقطهٔ درد",
  belowExpectation: "پایین‌تر از انتظار",
  asExpected: "مطابق انتظار",
  noExpectation: "بدون انتظار",
  overUsed: "بیش از حد به‌کاررفته",
  underUsed: "کمتر از حد به‌کاررفته",
  waitLong: "انتظار {0}",
  silent: "بی‌صدا",
  alsoSeen: "دیده‌شده در این مرحله",
  allCustomers: "همهٔ مشتریان",
  others: "دیگران",
  expand: "نمایش نقاط تماس {0}",
  importance: "اهمیت {0}",
  close: "بستن",
  overTime: "در گذر زمان",
  volume: "تعامل‌ها و مشتریان",
  waiting: "زمان انتظار",
  median: "میانه",
  nineTenths: "۹ از ۱۰",
  ratings: "امتیازها",
  credit: "سهم در تبدیل‌ها",
  comeFrom: "مشتریان از کجا می‌آیند",
  goNext: "مشتریان سپس کجا می‌روند",
  lapsed: "هیچ‌جا: از دست می‌روند",
  nothingYet: "هنوز چیزی نیست",
  segment: "بخش",
  need: "نیاز",
  outcome: "نتیجه",
  owner: "مسئول",
  process: "فرایند",
  channel: "کانال",
  token: "این سامانه رمز می‌خواهد",
  tokenHint: "محتوای پرونده‌ای که در http.token_file نام برده شده است. فقط در همین برگه می‌ماند.",
  open: "باز کردن",
  noWindow: "هنوز هیچ بازه‌ای بسته نشده است. نخستین ارقام پس از آن می‌آیند.",
  unreachable: "سامانه پاسخ نمی‌دهد. تلاش دوباره…",
  whyTitle: "چه تغییر کرده است",
  within: "رضایت در {0}",
  mix: "ترکیبی دیگر: {0}",
  shareOfCredit: "سهم",
  shareOfUse: "کاربرد",
  lapses: "{0} مشتری پس از این از دست رفتند",
  skip: "رفتن به نقشه",
  seconds: "ثانیه",
  minutes: "دقیقه",
  hours: "ساعت",
  days: "روز",
  stages: {
    awareness: "آگاهی", knowledge: "شناخت", consideration: "بررسی", selection: "انتخاب", satisfaction: "رضایت", loyalty: "وفاداری", advocacy: "حمایت",
    visit: "مراجعه", dining: "صرف غذا",
  },
  kinds: {
    "satisfaction-drop": "رضایت افت کرده است", "volume-drop": "تعامل کمتر از معمول", "wait-rise": "انتظار طولانی‌تر از معمول",
    "conversion-drop": "تبدیل کمتر از معمول",
  },
  models: {
    first: "نخستین تماس", last: "آخرین تماس", linear: "خطی", position: "جایگاهی", decay: "کاهش زمانی", shapley: "شپلی", markov: "اثر حذف",
  },
  rated: { csat: "رضایت (۱–۵)", stars: "ستاره (۱–۵)", nps: "NPS", ces: "آسانی (۱–۷)", sentiment: "احساس (۱−–۱)" },
};

const ar: Words = {
  touchpointMap: "خريطة نقاط التواصل الحية",
  window: "النافذة",
  language: "اللغة",
  theme: "فاتح أو داكن",
  live: "مباشر",
  connecting: "جارٍ الاتصال…",
  notLive: "غير مباشر",
  lag: "متأخر",
  records: "حدث",
  upTo: "حتى {0}",
  upToDate: "محدَّث",
  customers: "العملاء",
  interactions: "التفاعلات",
  conversions: "التحويلات",
  ofCustomers: "{0} عميل",
  ofInteractions: "{0} تفاعل",
  satisfaction: "الرضا",
  unmapped: "خارج الخريطة",
  alerts: "التنبيهات",
  noAlerts: "لا يوجد تنبيه قائم",
  firingSince: "منذ {0}",
  resolvedAt: "انتهى {0}",
  usually: "عادةً {0}",
  responses: "{0} إجابة",
  expected: "المتوقع {0}",
  noRatings: "بلا تقييمات",
  painPoint: "نقطة ألم",
  belowExpectation: "دون المتوقع",
  asExpected: "كما هو متوقع",
  noExpectation: "بلا توقع",
  overUsed: "مستخدمة أكثر مما ينبغي",
  underUsed: "مستخدمة أقل مما ينبغي",
  waitLong: "انتظار {0}",
  silent: "صامتة",
  alsoSeen: "شوهدت هنا أيضًا",
  allCustomers: "جميع العملاء",
  others: "آخرون",
  expand: "إظهار نقاط تواصل {0}",
  importance: "الأهمية {0}",
  close: "إغلاق",
  overTime: "عبر الزمن",
  volume: "التفاعلات والعملاء",
  waiting: "الانتظار",
  median: "الوسيط",
  nineTenths: "9 من 10",
  ratings: "التقييمات",
  credit: "الفضل في التحويلات",
  comeFrom: "يأتي العملاء من",
  goNext: "يذهب العملاء بعدها إلى",
  lapsed: "لا مكان: ينقطعون",
  nothingYet: "لا شيء بعد",
  segment: "الشريحة",
  need: "الحاجة",
  outcome: "النتيجة",
  owner: "المسؤول",
  process: "العملية",
  channel: "القناة",
  token: "يطلب هذا النظام رمزًا",
  tokenHint: "هو محتوى الملف المسمى في http.token_file. يبقى في هذه الصفحة فقط.",
  open: "فتح",
  noWindow: "لم تُغلق أي نافذة بعد. تأتي الأرقام الأولى عندما تُغلق إحداها.",
  unreachable: "النظام لا يجيب. تجري إعادة المحاولة…",
  whyTitle: "ما الذي تغيّر",
  within: "الرضا في {0}",
  mix: "مزيج آخر: {0}",
  shareOfCredit: "الفضل",
  shareOfUse: "الاستخدام",
  lapses: "انقطع {0} من العملاء بعد هذه النقطة",
  skip: "الانتقال إلى الخريطة",
  seconds: "ث",
  minutes: "د",
  hours: "س",
  days: "ي",
  stages: {
    awareness: "الوعي", knowledge: "المعرفة", consideration: "الدراسة", selection: "الاختيار", satisfaction: "الرضا", loyalty: "الولاء", advocacy: "التأييد",
    visit: "الزيارة", dining: "تناول الطعام",
  },
  kinds: {
    "satisfaction-drop": "انخفض الرضا", "volume-drop": "تفاعلات أقل من المعتاد", "wait-rise": "انتظار أطول من المعتاد",
    "conversion-drop": "تحويلات أقل من المعتاد",
  },
  models: {
    first: "أول تواصل", last: "آخر تواصل", linear: "خطي", position: "بحسب الموضع", decay: "تناقص زمني", shapley: "شابلي", markov: "أثر الإزالة",
  },
  rated: { csat: "الرضا (1–5)", stars: "النجوم (1–5)", nps: "NPS", ces: "السهولة (1–7)", sentiment: "المشاعر (−1–1)" },
};

const ru: Words = {
  touchpointMap: "Живая карта точек контакта",
  window: "Окно",
  language: "Язык",
  theme: "Светлая или тёмная",
  live: "В эфире",
  connecting: "Соединение…",
  notLive: "Нет связи",
  lag: "отставание",
  records: "событий",
  upTo: "до {0}",
  upToDate: "без отставания",
  customers: "Клиенты",
  interactions: "Взаимодействия",
  conversions: "Конверсии",
  ofCustomers: "клиентов: {0}",
  ofInteractions: "взаимодействий: {0}",
  satisfaction: "Удовлетворённость",
  unmapped: "Вне карты",
  alerts: "Оповещения",
  noAlerts: "Действующих оповещений нет",
  firingSince: "с {0}",
  resolvedAt: "снято {0}",
  usually: "обычно {0}",
  responses: "ответов: {0}",
  expected: "ожидание {0}",
  noRatings: "нет оценок",
  painPoint: "Болевая точка",
  belowExpectation: "Ниже ожидания",
  asExpected: "Как ожидалось",
  noExpectation: "Без ожидания",
  overUsed: "Используется слишком часто",
  underUsed: "Используется слишком мало",
  waitLong: "Ожидание {0}",
  silent: "Молчат",
  alsoSeen: "Также встречаются здесь",
  allCustomers: "Все клиенты",
  others: "Прочие",
  expand: "Показать точки контакта: {0}",
  importance: "важность {0}",
  close: "Закрыть",
  overTime: "Во времени",
  volume: "Взаимодействия и клиенты",
  waiting: "Ожидание",
  median: "медиана",
  nineTenths: "9 из 10",
  ratings: "Оценки",
  credit: "Вклад в конверсии",
  comeFrom: "Откуда приходят клиенты",
  goNext: "Куда клиенты идут дальше",
  lapsed: "никуда: уходят",
  nothingYet: "Пока ничего",
  segment: "Сегмент",
  need: "Потребность",
  outcome: "Результат",
  owner: "Ответственный",
  process: "Процесс",
  channel: "Канал",
  token: "Нужен токен",
  tokenHint: "Это содержимое файла, указанного в http.token_file. Он остаётся только в этой вкладке.",
  open: "Открыть",
  noWindow: "Ни одно окно ещё не закрылось. Первые цифры появятся вместе с ним.",
  unreachable: "Система не отвечает. Новая попытка…",
  whyTitle: "Что изменилось",
  within: "удовлетворённость: {0}",
  mix: "другой состав: {0}",
  shareOfCredit: "вклад",
  shareOfUse: "доля",
  lapses: "Ушли после этого: {0}",
  skip: "К карте",
  seconds: "с",
  minutes: "мин",
  hours: "ч",
  days: "дн",
  stages: {
    awareness: "Осведомлённость", knowledge: "Знание", consideration: "Рассмотрение", selection: "Выбор", satisfaction: "Удовлетворённость",
    loyalty: "Лояльность", advocacy: "Рекомендация", visit: "Визит", dining: "Обед",
  },
  kinds: {
    "satisfaction-drop": "Удовлетворённость упала", "volume-drop": "Взаимодействий меньше обычного", "wait-rise": "Ожидание дольше обычного",
    "conversion-drop": "Конверсий меньше обычного",
  },
  models: {
    first: "Первый контакт", last: "Последний контакт", linear: "Линейная", position: "По позиции", decay: "С затуханием", shapley: "Шепли", markov: "Эффект удаления",
  },
  rated: { csat: "CSAT (1–5)", stars: "Звёзды (1–5)", nps: "NPS", ces: "CES (1–7)", sentiment: "Тональность (−1–1)" },
};

const kWords: Record<Language, Words> = { en, fa, ar, ru };

let language: Language = "en";
let words: Words = en;
let whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
let short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
let decimal = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
let percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 0 });
let clock = new Intl.DateTimeFormat("en");
let dayAndClock = new Intl.DateTimeFormat("en");

/// The one asked for in the address, else the one chosen before, else the browser's.
export function firstLanguage(): Language {
  const wanted = [new URLSearchParams(location.search).get("lang"), localStorage.getItem("touchstone.language"), ...navigator.languages];
  for (const each of wanted) {
    const tag = (each ?? "").slice(0, 2);
    if (tag in kLanguages) return tag as Language;
  }
  return "en";
}

export function setLanguage(to: Language): void {
  language = to;
  words = kWords[to];
  whole = new Intl.NumberFormat(to, { maximumFractionDigits: 0 });
  short = new Intl.NumberFormat(to, { notation: "compact", maximumFractionDigits: 1 });
  decimal = new Intl.NumberFormat(to, { maximumFractionDigits: 2 });
  percent = new Intl.NumberFormat(to, { style: "percent", maximumFractionDigits: 0 });
  clock = new Intl.DateTimeFormat(to, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  dayAndClock = new Intl.DateTimeFormat(to, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  document.documentElement.lang = to;
  document.documentElement.dir = to === "fa" || to === "ar" ? "rtl" : "ltr";
}

export const currentLanguage = (): Language => language;
export const w = (): Words => words;
export const fill = (text: string, value: string): string => text.replace("{0}", value);

export const number = (value: number): string => (Math.abs(value) < 10_000 ? whole : short).format(value);
export const fraction = (value: number): string => decimal.format(value);
export const share = (value: number): string => percent.format(value);

export function time(text: string): string {
  const at = new Date(text);
  return (Math.abs(Date.now() - at.getTime()) < 20 * 3600_000 ? clock : dayAndClock).format(at);
}

export function seconds(value: number): string {
  if (value < 100) return `${(value < 10 ? decimal : whole).format(value)} ${words.seconds}`;
  if (value < 6000) return `${whole.format(value / 60)} ${words.minutes}`;
  if (value < 200_000) return `${whole.format(value / 3600)} ${words.hours}`;
  return `${whole.format(value / 86400)} ${words.days}`;
}

/// A name of the map in this language, else in English, else as the map has it.
export function nameOf(names: Names | undefined, id: string): string {
  return names?.[language] ?? names?.en ?? names?.[""] ?? (names && Object.values(names)[0]) ?? id;
}

export function stageName(id: string): string {
  return words.stages[id] ?? id.charAt(0).toUpperCase() + id.slice(1).replace(/[-_.]/g, " ");
}
