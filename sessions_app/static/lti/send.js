// What the teacher chose goes back to the platform by itself.
document.getElementById("answer").submit();
