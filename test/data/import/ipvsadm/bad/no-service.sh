# error 2:1: there is no service tcp 192.0.2.1:80
-a -t 192.0.2.1:80 -r 10.0.0.1
