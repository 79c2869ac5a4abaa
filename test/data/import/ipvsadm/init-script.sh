#!/bin/bash
# description: starts LVS
VIP=192.0.2.30
RIP1=10.0.0.81; 
RIP2='10.0.0.82'
. /etc/rc.d/init.d/functions
case "$1" in
start)
  /sbin/ifconfig eth0:0 $VIP broadcast $VIP netmask 255.255.255.255 up
  /sbin/route add -host $VIP dev eth0:0
  echo 1 > /proc/sys/net/ipv4/ip_forward
  /sbin/ipvsadm -C
  /sbin/ipvsadm -A -t $VIP:80 -s wrr
  /sbin/ipvsadm -a -t $VIP:80 -r 10.0.0.81 -g -w 1
  /sbin/ipvsadm -a -t $VIP:80 -r $RIP2:80 -g -w 2 && echo "added"
  ;;
stop)
  /sbin/ipvsadm -C
  /sbin/ipvsadm -Z
  ;;
*)
  echo "usage: $0 start|stop"
esac
