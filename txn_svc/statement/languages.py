"""Words of languages whose letters tell two code pages apart: of statements, shops, months and everyday life."""

from typing import Final

# The proportions matter, so frequent words stand several times or in several forms; words without such letters add
# nothing. Written by hand for this purpose.
WESTERN: Final = {
    "Spanish": """operación descripción débito crédito días año años España español compañía nómina recibo
        teléfono electricidad gestión comisión cajón número código título límite está más también sábado miércoles
        octubre París café jamón panadería cafetería peluquería farmacia José María Peña Muñoz Núñez Martínez
        García Rodríguez López Pérez Sánchez Gómez niño mañana señor cigüeña según él tú qué cómo aquí interés
        préstamo retención devolución suscripción transacción reembolso pensión categoría compañía año Logroño
        Coruña Málaga Cádiz montaña baño""",
    "Portuguese": """descrição data lançamento saldo débito crédito transferência pensão não são João pão cartão
        operação câmbio depósito mês março você três também já está há até após prestação comissão farmácia seguro
        saúde água luz pagamento eletrônico eletrónico município São Paulo Conceição Araújo Gonçalves Magalhães
        França maçã manhã irmão irmã mãe avó avô pô põe ações informações condições opções compras à às razão
        educação habitação alimentação poupança serviço serviços preço começo coração padrão estação câmara ônibus
        bônus português três francês inglês lã romã bebê ângulo""",
    "French": """opération libellé débit crédit date numéro relevé cotisation prélèvement échéance intérêts reçu
        société général assurée téléphone électricité dépôt café crème boulangerie pâtisserie épicerie marché
        hôtel théâtre août février décembre été être même tête forêt fenêtre où à là voilà déjà très après père
        mère frère élève achète espèces pièce ça français façon garçon reçu çà noël maïs naïve œuvre cœur sœur
        bœuf œuf île maître coûte goût mûr sûr hôpital côté bientôt âge château gâteau grâce âme réglé payé
        virement émis règlement mutuelle santé dîner boîte fraîche connaître île chaîne""",
    "German": """Empfänger Zahlungsempfänger Verwendungszweck Währung für über Übertrag Überweisung Gebühr
        Gebühren Umsätze Kontoführung Buchung gültig Größe Straße Strasse März Müller Schäfer Köhler Jäger
        Bäckerei Bücher Möbel Getränke Köln München Düsseldorf Nürnberg Österreich Zürich Göttingen Tübingen groß
        weiß heiß Fuß Maß Grüße schön möglich können müssen würde hätte wäre später früh zurück Rückzahlung
        Rücküberweisung Übernahme Ärzte Apotheke Öl Äpfel Käse süß Küche Gemüse Geschäft Städte Hände Läden
        Händler tägliche jährlich persönlich""",
    "Italian": """caffè è perché città attività proprietà società università liquidità qualità però così più può
        già là lunedì martedì mercoledì giovedì venerdì sì né metà libertà cioè verrà sarà farà dovrà elettricità
        pubblicità novità tè bebè papà addebito più già indennità mensilità virtù gioventù quantità""",
    "Dutch and others": """coördinatie geïnd reële financiële België Italië één ideeën provinciën cliënt zoë
        patiënt efficiënt categorieën reünie beëindigd geïnteresseerd skôr crêpe café oué privé""",
    "Nordic": """överföring kontonummer belopp för från på är så även också många måste får Göteborg Malmö Åkesson
        köp Västerås lön räkning påminnelse Linköping Örebro Ängelholm beløb overførsel fra på også får år måned
        København Århus lønn gebyr kjøp høst fødsel være nær læge købe Tromsø Bodø Ålesund Sørensen Jørgensen
        tilgodehavende sähkö lähetys määrä päivä käyttö työ yö Hämeenlinna Jyväskylä Töölö""",
    "Icelandic": """greiðsla innborgun færsla þjónusta þjónustugjald úttekt upphæð staða skýring við það með þú
        kaup vöru verslun bókun Reykjavík Akureyri Kópavogur Hafnarfjörður Ísland íslensk króna vextir ár mánuður
        dagur júní júlí ágúst október þriðjudagur miðvikudagur föstudagur sunnudagur móttakandi útlönd gjaldeyrir
        Björn Þór Sigurður""",
    "Catalan": """operació descripció dèbit crèdit interès això però què és més també català Barcelona plaça
        estació compañia pàgina màquina telèfon préstec comissió targeta gràcies àrea història província família""",
}
CENTRAL: Final = {
    "Polish": """płatność kartą przelew wychodzący przychodzący zł złoty złotych opłata prowizja wypłata bankomat
        wpłata własna tytuł operacji rachunków środki dostępne księgowania Łódź Kraków Gdańsk Poznań Wrocław
        Białystok Rzeszów Częstochowa Świdnica Śląsk Żabka Żywiec zakupów sprzedaż usługa spółka spółdzielnia
        książka książki źródło źle że żeby już może także też się będzie są mają dziękuję proszę miesięczna
        odsetki należność październik wrzesień sierpień kwiecień styczeń grudzień tydzień dzień koń ćwiczenia być
        mieć pić córka góra który wódka późno mąż ręka ręką pięć dziewięć miasto Małgorzata Paweł Michał
        Wiśniewska Wójcik Dąbrowski Zieliński""",
    "Czech and Slovak": """účet účtu Kč Kč Kč číslo částka platba kartou příchozí odchozí úhrada převod zůstatek
        měna datum splatnosti zaúčtování poplatek výběr vklad úrok název protiúčtu variabilní konstantní zpráva
        pro příjemce Plzeň Děčín Třebíč Brno Jičín Břeclav Ústí České Budějovice Dvořák Novák Černý Procházka
        Kučera Veselý Horák Němec Růžička září říjen červen červenec únor březen květen dům dům můj kůň průběh
        úvěr žádost život že než při před čtvrtek pátek středa úterý pondělí neděle ještě také již není může měsíc
        děkujeme léčivo štěstí šťastný suma splatná čiastka príkaz platobný peňažný účtovné výška dátum môže ďalší
        ľudia stĺpec kôň Košice Žilina Prešov Trenčín medzisúčet zľava nákup väčší päť mäso ročně
        měsíčně svíčky kočka tečka značka počkat sladkosti jarní ruční""",
    "Hungarian": """összeg számla számlaszám könyvelés dátuma értéknap közlemény kártyás vásárlás átutalás
        jóváírás terhelés díj költség kamat egyenleg fizetés külföldi belföldi időpont megnevezés győr Győr
        Debrecen Kőszeg Székesfehérvár Fehérvár Sárospatak őszi nyár tél idő idő nő férfi gyümölcs zöldség tűz
        fűszer gyűjtő betű könyv bőrönd cipő szőlő szülő első második következő művész hűtő körút út tér köz János
        László István Erzsébet Zoltán Tamás Kovács Tóth Szabó Szűcs Kőműves Németh Lukács péntek kedd hétfő
        szerdán október december január február március április május június július""",
    "Romanian": """sumă plată încasare comision dobândă tranzacție tranzacţie descriere dată valută lună până când
        încă fără după către această această cumpărare bancă casă masă apă școală şcoală și şi să că Bucureşti
        Iaşi Braşov Timişoara Constanţa Galaţi Ploieşti Piteşti preţ preţuri naţional reţea energie electrică gaze
        întreţinere împrumut înapoi român română pâine făină brânză mâine sâmbătă vineri luni marţi ieşire băcănie
        farmacie""",
    "Croatian and Slovene": """račun račun plačilo uplata isplata iznos opis plaćanje naknada tekući žiro štednja
        kupnja prodajno mjesto Šibenik Županja Čakovec Đakovo Požega može već još što će ćemo kuća noć sreća Marić
        Kovačević Babić Jurić Horvat Đurđevac među između gospođa mladež Novak Kranjčar članarina datum knjiženja
        številka točno bračni ručni riječ dječji noćni voćni liječnik tečaj učenik večer grčki vrč
        krčma smrča""",
}
