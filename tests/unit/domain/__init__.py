"""What tests share to speak about rooms."""
