"""The crisis guard: what it must never miss, and what must never set it off.

None of these messages is a phrase of content/crisis.yml; they are written as people write.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.safety.crisis import CrisisCategory, CrisisGuard, EmptyPhraseError, normalise

ROOT = Path(__file__).parents[2]
CONTENT = ROOT / "content" / "crisis.yml"
LANGUAGES = ("nl", "en", "ar", "ti", "fa", "tr", "uk", "so", "fr")

CRISES = [
    # Dutch, often a learner's
    ("Help mij aub er is iemand in mijn huis met een mes!!", "immediate_danger"),
    ("mijn buurman bloed heel erg wat moet ik doen", "immediate_danger"),
    ("Mijn dochter kan niet meer goed ademen, snel", "immediate_danger"),
    ("de keuken staat in brand", "immediate_danger"),
    ("hij zegt dat hij mij gaat vermoorden vanavond", "immediate_danger"),
    ("Ik ben zo moe. Ik wil eigenlijk niet meer leven.", "suicide_selfharm"),
    ("soms denk ik aan zelfmoord", "suicide_selfharm"),
    ("iedereen is beter af zonder mij", "suicide_selfharm"),
    ("ik ga er een einde aan maken", "suicide_selfharm"),
    ("Ik snij mezelf elke avond", "suicide_selfharm"),
    ("ik ben 13 jaar en ik ben bang voor papa", "child_safety"),
    ("de buren slaan hun kinderen elke avond", "child_safety"),
    ("mijn vader slaat mij als hij boos is", "child_safety"),
    ("Mn man heeft me weer geslagen en ik durf niet naar huis", "domestic_violence"),
    ("mijn man slaat me", "domestic_violence"),
    ("ik mag van hem nooit alleen naar buiten", "domestic_violence"),
    ("mijn familie dwingt mij om te trouwen met mijn neef", "domestic_violence"),
    ("hij heeft mij opgesloten in de kamer", "domestic_violence"),
    ("Ik ben vorige week verkracht door iemand die ik ken", "sexual_violence"),
    ("mijn huisbaas wil seks in plaats van huur", "sexual_violence"),
    ("mijn baas heeft mijn paspoort afgepakt", "threat_trafficking"),
    ("een smokkelaar belt mij en wil meer geld", "threat_trafficking"),
    ("iemand volgt mij elke dag naar huis", "threat_trafficking"),
    ("Wij moeten morgen ons huis uit, met drie kinderen", "eviction_homeless"),
    ("ik slaap nu al een week op straat", "eviction_homeless"),
    ("ze hebben de stroom afgesloten", "eviction_homeless"),
    ("er is geen eten meer in huis", "no_food_money"),
    ("ik heb geen geld voor luiers en melk", "no_food_money"),
    ("Ik hoor steeds stemmen die zeggen dat ik slecht ben", "mental_crisis"),
    ("heb al 4 nachten niet geslapen en word gek", "mental_crisis"),
    ("Ik kreeg de woning niet vanwege mijn achternaam, discriminatie", "discrimination_hate"),
    ("mijn buurman is racistisch tegen ons", "discrimination_hate"),
    # English
    ("please help there is a man with a knife at my door", "immediate_danger"),
    ("my baby is not breathing", "immediate_danger"),
    ("he says he is going to kill me tonight", "immediate_danger"),
    ("i cant breath and my chest hurts", "immediate_danger"),
    ("Some days I just want to die", "suicide_selfharm"),
    ("I dont want to live anymore, its too much", "suicide_selfharm"),
    ("thinking about ending my life", "suicide_selfharm"),
    ("everyone would be better off without me", "suicide_selfharm"),
    ("Im 12 and im scared of my uncle", "child_safety"),
    ("the neighbour hits her kids, I hear them cry", "child_safety"),
    ("my dad beats me every weekend", "child_safety"),
    ("my husband is beating me and I have nowhere to go", "domestic_violence"),
    ("he locks me in the house when he goes to work", "domestic_violence"),
    ("my parents are forcing me to marry", "domestic_violence"),
    ("I was raped last night", "sexual_violence"),
    ("someone shared naked photos of me", "sexual_violence"),
    ("they threatened my family back home", "threat_trafficking"),
    ("My employer keeps my passport and does not pay", "threat_trafficking"),
    ("we are being evicted tomorrow morning", "eviction_homeless"),
    ("I have been sleeping in the park for 3 nights", "eviction_homeless"),
    ("we have no food for the children", "no_food_money"),
    ("I have not eaten for two days", "no_food_money"),
    ("I keep hearing voices and I think I'm going crazy", "mental_crisis"),
    ("I think I'm having a panic attack", "mental_crisis"),
    ("they refused me because of my headscarf", "discrimination_hate"),
    # Arabic: standard, Levantine, in Latin letters
    ("ساعدوني، زوجي معه سكين ويصرخ", "immediate_danger"),
    ("البيت عم يحترق شو اعمل", "immediate_danger"),
    ("ابني ما عم يقدر يتنفس", "immediate_danger"),
    ("هو قال رح يقتلني الليلة", "immediate_danger"),
    ("والله تعبت من الحياة", "suicide_selfharm"),
    ("ما عاد بدي عيش", "suicide_selfharm"),
    ("أفكر في الانتحار كل يوم", "suicide_selfharm"),
    ("أتمنى لو أموت وأرتاح", "suicide_selfharm"),
    ("bede moot ma fini kammel", "suicide_selfharm"),
    ("بابا بيضربني كتير وأنا خايف", "child_safety"),
    ("الجيران يضربون أطفالهم كل يوم", "child_safety"),
    ("زوجي بيضربني قدام الولاد", "domestic_violence"),
    ("ما بيخليني أطلع من البيت أبدا", "domestic_violence"),
    ("أهلي يجبرونني على الزواج من ابن عمي", "domestic_violence"),
    ("jawzi byedrobni kel yom", "domestic_violence"),
    ("تعرضت للاغتصاب ولا أعرف ماذا أفعل", "sexual_violence"),
    ("نشر صوري العارية على الانترنت", "sexual_violence"),
    ("عم يهددوني ويهددوا أهلي بسوريا", "threat_trafficking"),
    ("صاحب العمل أخذ جواز سفري ولا يدفع", "threat_trafficking"),
    ("بكرا رح يطلعونا من البيت", "eviction_homeless"),
    ("أنا وأولادي ننام في الشارع", "eviction_homeless"),
    ("ما عنا أكل بالبيت من مبارح", "no_food_money"),
    ("ليس معي فلوس ولا أستطيع شراء حليب للطفل", "no_food_money"),
    ("بسمع أصوات براسي وما بقدر نام", "mental_crisis"),
    ("رفضوني بسبب حجابي في الشغل", "discrimination_hate"),
    # Tigrinya: Ge'ez script and Latin letters
    ("ኣብ ገዛና ሓዊ ተላዒሉ ኣሎ ሓግዙና", "immediate_danger"),
    ("ሰብኣየይ ካራ ሒዙ ኣሎ", "immediate_danger"),
    ("ሎሚ ለይቲ ክቐትለኒ እዩ ኢሉኒ", "immediate_danger"),
    ("ደኺመ እየ፡ ክመውት እየ ዝደሊ", "suicide_selfharm"),
    ("ህይወት ሰልችዩኒ፡ ክነብር ኣይደልን", "suicide_selfharm"),
    ("ነፍሰይ ከጥፍእ እሓስብ ኣለኹ", "suicide_selfharm"),
    ("kmewt eye zdeli hagzuni", "suicide_selfharm"),
    ("ኣቦይ መዓልታዊ ይወቅዓኒ", "child_safety"),
    ("ወዲ 14 ዓመት እየ፡ ኣዝየ ፈሪሀ ኣለኹ", "child_safety"),
    ("ሰብኣየይ ሰትዩ እናመጸ ይሃርመኒ", "domestic_violence"),
    ("ካብ ገዛ ክወጽእ ኣይፈቕደለይን እዩ", "domestic_violence"),
    ("ብሓይሊ ክምርዖ የገድዱኒ ኣለዉ", "domestic_violence"),
    ("ኣብ መንገዲ ተደፊረ፡ እንታይ ክገብር", "sexual_violence"),
    ("ደላላ ገንዘብ ክፈል እናበለ ይድውለለይ", "threat_trafficking"),
    ("ንስድራይ የፈራርሕዎም ኣለዉ", "threat_trafficking"),
    ("ጽባሕ ካብ ገዛና ከውጽኡና እዮም", "eviction_homeless"),
    ("ኣብ ጎደና ይሓድር ኣለኹ", "eviction_homeless"),
    ("ሎሚ ዝብላዕ ነገር የብለይን", "no_food_money"),
    ("ደቀይ ጠምዮም ኣለዉ", "no_food_money"),
    ("ኩሉ ግዜ ድምጺ እሰምዕ ኣብ ርእሰይ", "mental_crisis"),
    ("ካብ ዝድቅስ ሰለስተ መዓልቲ ኮይኑኒ", "mental_crisis"),
    ("ኣብ ስራሕ ኣድልዎ ይገብሩለይ ኣለዉ", "discrimination_hate"),
    # Farsi and Dari, Turkish, Ukrainian, Somali, French
    ("دیگه نمی\u200cخوام زندگی کنم", "suicide_selfharm"),
    ("شوهرم هر شب مرا لت می کند", "domestic_violence"),
    ("خانه ما آتش گرفته کمک", "immediate_danger"),
    ("برای اطفالم نان ندارم", "no_food_money"),
    ("Artık yaşamak istemiyorum", "suicide_selfharm"),
    ("kocam dün gece beni dövdü", "domestic_violence"),
    ("İki gündür sokakta yatıyoruz", "eviction_homeless"),
    ("çocuklar için yiyecek yok evde", "no_food_money"),
    ("Я більше не хочу жити", "suicide_selfharm"),
    ("мій чоловік б'є мене коли п'яний", "domestic_violence"),
    ("У нього ніж, допоможіть", "immediate_danger"),
    ("нам нема де ночувати сьогодні", "eviction_homeless"),
    ("waxaan rabaa inaan dhinto", "suicide_selfharm"),
    ("ninkaygu habeen walba wuu i garaacaa", "domestic_violence"),
    ("guriga dab baa qabsaday", "immediate_danger"),
    ("carruurta cunto uma hayno", "no_food_money"),
    ("J'ai plus envie de vivre", "suicide_selfharm"),
    ("mon mari me frappe devant les enfants", "domestic_violence"),
    ("On dort dehors avec le bébé", "eviction_homeless"),
    ("Il a un couteau, aidez-moi", "immediate_danger"),
    # All languages again, written after the phrases had been mended for the ones above.
    ("er brandt iets in mijn flat en ik kan niet naar beneden", "immediate_danger"),
    ("mijn broer heeft een pistool bij zich", "immediate_danger"),
    ("kom snel mijn moeder is bewusteloos", "immediate_danger"),
    ("ik zie geen reden meer om te leven", "suicide_selfharm"),
    ("ik wou dat ik dood was", "suicide_selfharm"),
    ("ik heb veel pillen geslikt", "suicide_selfharm"),
    ("mama slaat mij met de riem", "child_safety"),
    ("mijn dochter wordt door haar stiefvader geslagen", "child_safety"),
    ("mijn vriend doet mij pijn en controleert mijn telefoon", "domestic_violence"),
    ("Ik ben bang voor mijn ex, hij staat vaak hier", "domestic_violence"),
    ("hij raakte mij aan en ik wilde het niet", "sexual_violence"),
    ("ze dreigen mijn familie in Eritrea te doden", "threat_trafficking"),
    ("ik heb vannacht nergens om te slapen", "eviction_homeless"),
    ("de deurwaarder komt morgen voor de ontruiming", "eviction_homeless"),
    ("mijn kinderen hebben honger en ik heb geen geld", "no_food_money"),
    ("ik krijg elke dag een paniekaanval", "mental_crisis"),
    ("ik word gediscrimineerd op mijn werk", "discrimination_hate"),
    ("he is trying to break down the door, call the police", "immediate_danger"),
    ("there's smoke and fire in our building", "immediate_danger"),
    ("I can't do this any more, I want it all to end", "suicide_selfharm"),
    ("I've been cutting myself", "suicide_selfharm"),
    ("my stepfather hits me when mum is away", "child_safety"),
    ("my wife hits me and i am ashamed", "domestic_violence"),
    ("he checks my phone and will not let me leave the house", "domestic_violence"),
    ("a man forced me to have sex with him", "sexual_violence"),
    ("the smuggler says he will hurt my brother if I don't pay", "threat_trafficking"),
    ("I'm homeless since yesterday", "eviction_homeless"),
    ("they cut off our electricity", "eviction_homeless"),
    ("my kids are hungry and I have no money", "no_food_money"),
    ("I haven't slept for 4 days", "mental_crisis"),
    ("my neighbour is racist and shouts at me every day", "discrimination_hate"),
    ("في حدا عم يكسر باب البيت", "immediate_danger"),
    ("الحقوني بنتي ما عم تتنفس", "immediate_danger"),
    ("بدي أموت وارتاح من هالعيشة", "suicide_selfharm"),
    ("حاولت أقتل حالي مبارح", "suicide_selfharm"),
    ("أمي تضربني كل يوم وعمري 11 سنة", "child_safety"),
    ("جوزي حابسني بالبيت وأخذ تلفوني", "domestic_violence"),
    ("خايفة من جوزي يقتلني", "immediate_danger"),
    ("تحرش فيني صاحب البيت", "sexual_violence"),
    ("المهرب بدو مصاري زيادة ولا بيأذي أخي", "threat_trafficking"),
    ("ما عندي مكان نام فيه الليلة", "eviction_homeless"),
    ("أولادي جوعانين وما في أكل", "no_food_money"),
    ("صرلي أسبوع ما نمت", "mental_crisis"),
    ("المعلمة عنصرية مع ابني", "discrimination_hate"),
    ("ሓደ ሰብኣይ ካራ ሒዙ ኣብ ማዕጾይ ኣሎ", "immediate_danger"),
    ("ምንባር ጸሊአ ኣለኹ", "suicide_selfharm"),
    ("ነብሰይ ክቐትል ደልየ", "suicide_selfharm"),
    ("ኣደይ ትሃርመኒ ኣላ", "child_safety"),
    ("ጎረባብተይ ንቆልዖም ይወቕዕዎም", "child_safety"),
    ("በዓል ቤተይ መዓልታዊ ይድብድበኒ", "domestic_violence"),
    ("ሰብኣየይ ኣብ ገዛ ዓጽዩኒ ከይዱ", "domestic_violence"),
    ("ሓደ ሰብ ብሓይሊ ደፊሩኒ", "sexual_violence"),
    ("ፓስፖርተይ ሓለቓይ ወሲዱለይ", "threat_trafficking"),
    ("መሕደሪ ቦታ የብለይን ሎሚ ለይቲ", "eviction_homeless"),
    ("መብራህቲ ቆሪጾምና", "eviction_homeless"),
    ("ንህጻን ጸባ ንምግዛእ ገንዘብ የብለይን", "no_food_money"),
    ("ድቃስ ኣብዩኒ ሓደ ሰሙን", "mental_crisis"),
    ("ብሰንኪ ሕብሪ ቆርበተይ ገዛ ኣይሃቡንን", "discrimination_hate"),
    ("می خواهم خودم را بکشم", "suicide_selfharm"),
    ("پدرم مرا هر روز می زند", "child_safety"),
    ("جای خواب نداریم امشب", "eviction_homeless"),
    ("intihar etmeyi düşünüyorum", "suicide_selfharm"),
    ("babam bana vuruyor", "child_safety"),
    ("elinde bıçak var yardım edin", "immediate_danger"),
    ("хочу померти, немає сил", "suicide_selfharm"),
    ("нам погрожують, забрали документи", "threat_trafficking"),
    ("aabahay maalin walba wuu i garaacaa", "child_safety"),
    ("wadada ayaan ku seexdaa", "eviction_homeless"),
    ("je veux mourir", "suicide_selfharm"),
    ("nous n'avons rien à manger", "no_food_money"),
    ("mon patron a pris mon passeport", "threat_trafficking"),
    ("mijn man wil mij doodmaken help", "immediate_danger"),
    ("er ligt een man op straat, hij ademt niet meer", "immediate_danger"),
    ("het leven heeft voor mij geen zin meer", "suicide_selfharm"),
    ("ik kan niet meer, ik wil dood", "suicide_selfharm"),
    ("mijn oma slaat mijn zoontje altijd", "child_safety"),
    ("ik word thuis geslagen door mijn partner", "domestic_violence"),
    ("mijn schoonfamilie houdt mij binnen, ik mag niet naar buiten", "domestic_violence"),
    ("iemand heeft naaktfoto's van mij online gezet", "sexual_violence"),
    ("ik word bedreigd door een man uit mijn land", "threat_trafficking"),
    ("de verhuurder heeft het slot vervangen, ik sta buiten", "eviction_homeless"),
    ("wij hebben al twee dagen niet gegeten", "no_food_money"),
    ("ik zie dingen die er niet zijn", "mental_crisis"),
    ("help my house is burning", "immediate_danger"),
    ("life is not worth living anymore", "suicide_selfharm"),
    ("he chokes me when he is drunk", "domestic_violence"),
    ("they want to marry me off to an old man", "domestic_violence"),
    ("someone is following me from work every night", "threat_trafficking"),
    ("the landlord put our things on the street, we have nowhere to go tonight", "eviction_homeless"),
    ("there's nothing to eat at home", "no_food_money"),
    ("ابني بلع شي وما عم يتنفس", "immediate_danger"),
    ("ما إلي نفس عيش أكتر", "suicide_selfharm"),
    ("أخي يضربني لأني خلعت الحجاب", "domestic_violence"),
    ("صاحب البيت غير القفل ونحنا برا", "eviction_homeless"),
    ("ما معي حق حليب للبيبي", "no_food_money"),
    ("حاسس رح جن من الأصوات", "mental_crisis"),
    ("ገዛይ ይነድድ ኣሎ", "immediate_danger"),
    ("ሞት ይሓይሽ ካብዚ ህይወት", "suicide_selfharm"),
    ("ሰብኣየይ ይቕጥቅጠኒ", "domestic_violence"),
    ("ይስዕቡኒ ኣለዉ ፈሪሀ", "threat_trafficking"),
    ("መግቢ የብልናን ኣብ ገዛ", "no_food_money"),
    ("kocam beni eve kilitliyor", "domestic_violence"),
    ("می\u200cخوام بمیرم", "suicide_selfharm"),
    ("нас виганяють з квартири", "eviction_homeless"),
    ("waa la i kufsaday", "sexual_violence"),
    ("mon père me bat tous les soirs", "child_safety"),
]

HARMLESS = [
    # Dutch
    "haha ik ga dood van het lachen",
    "mijn telefoon is dood, kan ik morgen bellen?",
    "Hij sloeg de deur dicht, de deur is kapot. Wie betaalt?",
    "Ik ben zo moe van de les vandaag",
    "de deadline van de brief maakt mij bang",
    "in de film had hij een pistool",
    "Mijn ex sloeg mij vroeger, nu ben ik veilig en gescheiden",
    "Vroeger in Syrië was er brand in ons huis, ik zoek nu een verzekering",
    "Heb ik een brandverzekering nodig?",
    "ik moet bloed laten prikken, waar kan dat",
    "wanneer mag mijn kind alleen naar school fietsen?",
    "Mag een kind van 9 alleen thuis blijven na school?",
    "Mijn zoon was gisteren niet op school, moet ik bellen?",
    "Ik zoek een cursus over een gezonde relatie",
    "hoe vraag ik anticonceptie bij de huisarts?",
    "De huur is te hoog, wat kan ik doen?",
    "wanneer moet ik de huur betalen",
    "Wat kost eten in Nederland per week?",
    "ik wil een afspraak bij de gemeente",
    "Ik wil niet meer wonen in deze straat, kan ik ruilen?",
    "ik krijg geen antwoord van de gemeente",
    "de computer reageert niet, DigiD werkt niet",
    "moet ik zelf stroom en gas regelen?",
    "ik wil stoppen met het abonnement",
    "ik heb een stem nodig, wie mag stemmen bij de verkiezingen?",
    "ik word gek van al die brieven",
    "de wachttijd is te lang, ik wil klagen",
    "Mijn vader is in 2019 doodgegaan, heb ik een akte nodig?",
    "We moeten nog trouwen voor de gemeente, welke papieren?",
    "Hoe krijg ik een nieuw slot voor mijn fiets?",
    "mijn man controleert de post elke dag",
    "ze volgen mij op instagram",
    "Is er geen eten tijdens de les?",
    "Ik ben 16, mag ik werken?",
    "ik slaap slecht door de buren",
    "De politiek bedreigt de vluchtelingen, zeggen ze op het nieuws",
    "wij verhuizen morgen uit het azc naar ons huis",
    "ik ben bang voor het examen",
    "het examen vermoordt mij haha",
    # English
    "this exam killed me lol",
    "my phone died, sorry for the late answer",
    "I'm dying of laughter",
    "they want to fire me from my job, what are my rights",
    "where do I buy a fire alarm for the house?",
    "do I need fire insurance",
    "In the movie he has a gun",
    "he used to hit me, but I am divorced and safe now",
    "we were in danger in our country, that is why we came here",
    "How much does an ambulance cost with insurance?",
    "I don't want to live in Enschede, can I move?",
    "At what age can a child stay alone at home?",
    "I am 17, can I open a bank account?",
    "I'm afraid of the dentist",
    "the news about politics makes me worried",
    "I need birth control, where do I go",
    "no food or drinks allowed in class?",
    "what do groceries cost per month",
    "I locked myself out of DigiD",
    "my landlord wants to raise the rent",
    "I want to kill some time before the lesson",
    "the waiting time is too long and nobody helps",
    "she touched me with her kind words",
    "I had a bad night, the baby did not sleep",
    "my boss is strict about being late",
    "the letter says I must pay tomorrow",
    "how do I end my contract for gas and electricity",
    "is there volunteer work at the food bank?",
    "my tooth is killing me, I need a dentist",
    # Arabic
    "متت من الضحك",
    "تلفوني مات، بحكي معك بعدين",
    "الامتحان قتلني",
    "شفت فيلم فيه واحد معه مسدس",
    "كان زوجي يضربني زمان، الآن أنا مطلقة وبأمان",
    "هل أحتاج تأمين ضد الحريق؟",
    "لا أريد أن أعيش في هذه المدينة، هل يمكن أن أنتقل؟",
    "كم تكلفة الإسعاف مع التأمين؟",
    "من أي عمر يستطيع الطفل أن يبقى وحده في البيت؟",
    "أنا صائم ما أكلت اليوم، متى موعد الطبيب؟",
    "وين في أكل حلال؟ ما في أكل حلال هون",
    "الإيجار غالي كتير، شو بعمل؟",
    "أريد أن أتزوج، ما هي الأوراق المطلوبة؟",
    "خايف من الامتحان",
    "سمعت صوت الجيران كل الليل",
    "ابني عمره 14 سنة، أي مدرسة؟",
    "متى يفتح الانفوبونت؟",
    "أريد قتل الوقت قبل الدرس",
    "البلدية أخذت نسخة من جوازي",
    "كيف أوقف عقد الكهرباء والغاز؟",
    "بدي موعد عند الدكتور",
    "هل يوجد طعام في بنك الطعام يوم الجمعة؟",
    # Tigrinya
    "ብሰሓቕ ክመውት ደልየ",
    "ሞባይለይ ሞይቱ ነይሩ ይቕሬታ",
    "ኣብ ፊልም ሽጉጥ ሒዙ ነይሩ ርእየ",
    "ቀደም ሰብኣየይ ይወቕዓኒ ነይሩ፡ ሕጂ ተፋቲሐ ኣለኹ",
    "ንሓዊ ኢንሹራንስ የድልየኒ ዶ?",
    "ፈተና ስለዘለኒ ፈሪሀ ኣለኹ",
    "ቆልዓ ብኽንደይ ዓመቱ በይኑ ኣብ ገዛ ክተርፍ ይኽእል?",
    "ክራይ ገዛ ኣዝዩ ከቢድ ኣሎ",
    "ካብ ገዛ ክወጽእ ከለኹ ስራሕ ክኸይድ",
    "መዓስ እዩ infopunt ዝኽፈት?",
    "ወደይ 13 ዓመቱ እዩ፡ ኣየናይ ቤት ትምህርቲ?",
    "ክምርዖ ደልየ፡ እንታይ ወረቓቕቲ የድሊ?",
    "ጾም ስለዝኾንኩ መግቢ ኣይበላዕኩን",
    "ኤለትሪክን ጋዝን ከመይ ይምዝገብ?",
    # the others
    "از خنده مردم",
    "فیلم درباره خودکشی بود",
    "نمی\u200cخواهم در این شهر زندگی کنم",
    "gülmekten ölüyorum",
    "burada yaşamak istemiyorum, taşınmak istiyorum",
    "sınavdan korkuyorum",
    "телефон здох, напишу пізніше",
    "я не хочу жити тут, хочу переїхати",
    "боюся іспиту з нідерландської",
    "qosol baan la dhintay",
    "imtixaanka waan ka baqayaa",
    "je suis mort de rire",
    "je ne veux plus vivre ici, je veux déménager",
    "il frappe à la porte du voisin",
    "j'ai peur de l'examen",
    # neighbours of a crisis: questions, plans, daily life
    "ik heb een mes gekocht voor de keuken",
    "mijn zoon slaat op de trommel",
    "kan ik met mijn man samen naar de les?",
    "I hit my head, where is the doctor",
    "the kids are alone in class with a new teacher",
    "my husband is a good man, he wants to work",
    "we will move out of the azc tomorrow",
    "زوجي يريد أن يعمل، من يساعده؟",
    "ابني بلعب لوحده بالمدرسة",
    "متى بيطلعونا من الكامب على البيت الجديد؟",
    "ሰብኣየይ ስራሕ ይደሊ ኣሎ",
    "ደቀይ ኣብ ቤት ትምህርቲ ይምገቡ ድዮም?",
    "ክራይ ንምኽፋል ገንዘብ ይሓጽረኒ",
    "hoe kan ik mijn man laten overkomen uit Syrië?",
    "I sleep late because of work",
    "ik moet morgen naar het gemeentehuis",
    "de bus is weg, ik kom later",
    "the police letter about my fine",
    "wat is 112?",
    "hoe bel ik de politie als het geen spoed is?",
    "When do I call an ambulance?",
    "mijn bankpas is kwijt",
    "my passport is at the IND",
    "هل يمكن أن أعمل بدون شهادة؟",
    "بدي أطلع من البيت الساعة سبعة",
    "ik ben gestopt met roken",
    "voor wie is Veilig Thuis?",
    "What is Veilig Thuis?",
    "is discriminatie verboden in Nederland?",
    "waar kan ik praten over stress?",
]


@pytest.fixture(scope="module")
def content() -> list[dict[str, Any]]:
    with CONTENT.open(encoding="utf-8") as file:
        return yaml.load(file, Loader=yaml.CSafeLoader)["categories"]


@pytest.fixture(scope="module")
def guard(content: list[dict[str, Any]]) -> CrisisGuard:
    return CrisisGuard([category(**row) for row in content])


def category(**row: Any) -> CrisisCategory:
    return CrisisCategory(
        id=row["id"],
        severity=row["severity"],
        response=row["response"],
        triggers={language: tuple(phrases) for language, phrases in row["triggers"].items()},
        not_triggers={language: tuple(phrases) for language, phrases in row["not_triggers"].items()},
    )


def small_guard(*triggers: str, but_not: tuple[str, ...] = ()) -> CrisisGuard:
    return CrisisGuard(
        [
            CrisisCategory(
                id="fire",
                severity="S0",
                response="utter_crisis_fire",
                triggers={"nl": triggers},
                not_triggers={"nl": but_not},
            )
        ]
    )


@pytest.mark.parametrize(("message", "crisis"), CRISES, ids=[message for message, _ in CRISES])
def test_a_crisis_is_not_missed(guard: CrisisGuard, message: str, crisis: str) -> None:
    heard = guard.check(message)

    assert heard is not None
    assert heard.id == crisis


@pytest.mark.parametrize("message", HARMLESS, ids=HARMLESS)
def test_no_false_alarm(guard: CrisisGuard, message: str) -> None:
    assert guard.check(message) is None


def test_no_answer_to_a_question_sets_it_off(guard: CrisisGuard) -> None:
    # "Skip" in Arabic is spelt like the Farsi word for rape: the languages share one ear.
    for path in sorted((ROOT / "nlu" / "answers").glob("*/*.yml")):
        with path.open(encoding="utf-8") as file:
            entries = yaml.load(file, Loader=yaml.CSafeLoader)["nlu"]
        for line in "\n".join(entry.get("examples", "") for entry in entries).splitlines():
            assert guard.check(line.removeprefix("- ")) is None, (path, line)


def test_the_messages_above_are_no_phrases_of_the_list(content: list[dict[str, Any]]) -> None:
    listed = {
        normalise(phrase)
        for row in content
        for phrases in row["triggers"].values()
        for phrase in phrases
        if not set("…/*!") & set(phrase)
    }
    messages = {normalise(message) for message, _ in CRISES} | {normalise(message) for message in HARMLESS}

    assert not listed & messages


def test_every_category_listens_in_every_language(content: list[dict[str, Any]]) -> None:
    for row in content:
        for language in LANGUAGES:
            least = 12 if language in {"nl", "en", "ar", "ti"} else 6
            assert len(row["triggers"][language]) >= least, (row["id"], language)
            assert row["not_triggers"][language], (row["id"], language)


def test_every_plain_phrase_is_heard_by_itself(content: list[dict[str, Any]], guard: CrisisGuard) -> None:
    for row in content:
        for phrases in row["triggers"].values():
            for phrase in phrases:
                if not set("…/*!") & set(phrase):
                    assert guard.check(phrase) is not None, phrase


def test_the_gravest_crisis_answers(guard: CrisisGuard) -> None:
    heard = guard.check("er is geen eten in huis en ik wil niet meer leven")

    assert heard is not None
    assert heard.id == "suicide_selfharm"


def test_a_harmless_phrase_does_not_hide_a_real_one(guard: CrisisGuard) -> None:
    heard = guard.check("Ik ging dood van het lachen. Maar 's nachts wil ik dood")

    assert heard is not None
    assert heard.id == "suicide_selfharm"


@pytest.mark.parametrize(
    "message",
    [
        "ER IS BRAND",
        "er is bránd!!!",
        "er…is…brand",
        "er is braaaaand",
        "er is\u200b brand",
        "ｅｒ ｉｓ ｂｒａｎｄ",
    ],
)
def test_spelling_does_not_matter(message: str) -> None:
    assert small_guard("er is brand").check(message) is not None


def test_at_most_two_words_stand_in_a_gap() -> None:
    guard = small_guard("huis … brand")

    assert guard.check("huis staat in brand") is not None
    assert guard.check("huis staat nu in brand") is None


def test_one_of_several_words_and_any_ending() -> None:
    guard = small_guard("huis/flat brand*")

    assert guard.check("de flat brandt") is not None
    assert guard.check("de boom brandt") is None


def test_a_cry_counts_only_when_it_stands_almost_alone() -> None:
    guard = small_guard("brand !")

    assert guard.check("help! brand!!") is not None
    assert guard.check("wat betaalt de verzekering na een brand") is None


def test_words_written_onto_the_next_one_are_looked_through() -> None:
    guard = small_guard("شارع", "ሓዊ")

    assert guard.check("وبالشارع") is not None
    assert guard.check("ንሓዊን") is not None


def test_a_harmless_phrase_takes_away_only_its_own_words() -> None:
    guard = small_guard("brand", but_not=("brand verzekering",))

    assert guard.check("een brand verzekering") is None
    assert guard.check("een brand verzekering, want er is brand") is not None


@pytest.mark.parametrize("phrase", ["", "…", "!", "a*", "-"])
def test_a_phrase_without_words_is_refused(phrase: str) -> None:
    with pytest.raises(EmptyPhraseError):
        small_guard(phrase)


@given(st.text())
@settings(deadline=None, max_examples=300)
def test_no_text_makes_it_raise(guard: CrisisGuard, text: str) -> None:
    guard.check(text)


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text)

    assert normalise(once) == once


@pytest.mark.parametrize("unit", ["ik wil niet ", "a", "ik ", "ﷺ", "بدي ", "\u0301", "ክ", "help brand "])
def test_the_longest_message_takes_no_time_that_is_felt(guard: CrisisGuard, unit: str) -> None:
    text = (unit * 4096)[:4096]

    started = time.perf_counter()
    guard.check(text)

    assert time.perf_counter() - started < 1.0
