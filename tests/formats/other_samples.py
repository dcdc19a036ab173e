"""Files of no bank's format: Stori's own, and layouts that are found out from the rows alone."""

OTHERS = {
    "own export": b"""booked_on,value_on,amount,currency,description,category,note,external_id,occurrence
2026-03-02,2026-03-03,-12.50,EUR,'=Bar,food,,A1,1
2026-03-02,,-12.50,EUR,"Bar, again",,'-,,2
2026-03-05,2026-03-04,1900.00,EUR,Salary,,,,1
""",
    "rejects": """Datum;Omschrijving;Bedrag;stori_line;stori_reason
2-3-2026;Caf\xe9;'-12,50;3;The date is none
3-3-2026;'=Bar;-1.250,00;4;The row has 4 cells
31-3-2026;Salaris;1900,00;9;Text;
""".encode(),
    "without years": b"""Date;Value date;Details;D/C;Amount;Balance
30.12.;30.12.;Bar;D;12.50;87.50
31.12.;02.01.;Shop;D;1'000.00;-912.50
;;of two lines;;;
03.01.;03.01.;Salary;C;1'900.00;987.50
""",
    "without signs": b"""Statement of account 4711
Opening balance;100,00

Buchungstag;Text;Betrag;Saldo
02.03.26;Miete;50,00;50,00
03.03.26;Strom;25,5;24,50
04.03.26;B\xe4cker;4,50;20,00
Endsaldo;;;20,00
""",
    "without a header": b"""20260302\tBar\t12,50\t\t87,50
20260303\tSalary\t\t1.900,00\t1.987,50
20260304\tRent\t1.000,00\t\t987,50
""",
    "with words beside": b"""Data|Hist\xc3\xb3rico|Valor (R$)|Moeda
3/4/2026|Padaria|R$ 1.234 D|BRL
4/4/2026|Sal\xc3\xa1rio|R$ 2.500,00 C|BRL
5/4/2026|Aluguel|(R$ 1.000,00) D|BRL
""",
    "of a card": b"""Trans Date,Merchant,Charge,Fee
Mar 2,"Bar ""Sol"" 2",$12.50,$0.00
Mar 13,Shop,"$1,012.50",$1.00
Mar 14,Refund,($12.50),$0.00
""",
    "of many currencies": b"""date,description,amount,currency,status
2026-03-02T08:00:00Z,Bar,-12.50,EUR,completed
2026-03-03T09:00:00Z,Shop,-12.50,USD,completed
2026-03-04T10:00:00Z,Rent,-1000,EUR,pending
2026-03-05T10:00:00Z,Salary,"1,900",EUR,completed
""",
    "with fees": b"""Date,Description,Amount,Fee,Balance
2026-03-01,Salary,100.00,0.00,100.00
2026-03-02,"Bar, abroad",-10.00,1.50,88.50
2026-03-03,Shop,-8.00,,80.50
""",
    "with a status that nobody knows": b"""Date,Details,Amount,Status,Balance
2026-03-12,Salary,100.00,Frob,100.00
2026-03-13,Shop,-45.60,Blur,100.00
2026-03-14,Bar,-4.40,,95.60
2026-03-15,Rent,-50.00,Frob,45.60
""",
    "with words of no language": b"""Tag;Wer;Wieviel;Wohin
12.03.2026;Lohn;100,00;plus-minus
15.03.2026;Laden;45,60;ab
16.03.2026;Brot;4,40;ab
""",
}
