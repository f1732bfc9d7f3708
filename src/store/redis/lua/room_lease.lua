-- The lease as it is.
return answer()
