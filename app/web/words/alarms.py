"""What a training's alarms say in English, in the other languages of the page.

By the code of an alarm: what rings, under `.title` what that is called, under `.remedy` what to do,
and under `.key=value` advice that is told where the log gives it. What is in braces are readings
and settings of the training. English is as it was told.
"""

TOLD = {
    "discriminator-saturated.title": {
        "zh": "判别器饱和",
        "tr": "Ayırt edici doydu",
    },
    "discriminator-saturated": {
        "zh": (
            "判别器没有给从“{source}”到“{target}”的生成器留下可学的东西："
            "{told_apart:.1%} 的情况下它把真实块排在生成块之上，梯度只有 {adv_gradient:.2g}。"
        ),
        "tr": (
            "Ayırt edici, {source} → {target} üretecine öğrenecek bir şey bırakmıyor: gerçek "
            "parçaların {told_apart:.1%} kadarını sahtelerin üstünde sıralıyor, gradyanı "
            "{adv_gradient:.2g}."
        ),
    },
    "discriminator-saturated.remedy": {
        "zh": (
            "如果样张不再变好，请用更多图片或小于 {discriminator_width} 的 discriminator_width "
            "开始新的训练。"
        ),
        "tr": (
            "Örnekler iyileşmez olduysa daha çok resimle ya da {discriminator_width} değerinden "
            "küçük bir discriminator_width ile yeni bir eğitim başlatın."
        ),
    },
    "discriminator-saturated.diffaugment=on": {
        "zh": "图片少时，diffaugment=on 有帮助。",
        "tr": "Resim azsa diffaugment=on işe yarar.",
    },
    "discriminator-saturated.discriminator_norm=spectral": {
        "zh": "discriminator_norm=spectral 能保持梯度。",
        "tr": "discriminator_norm=spectral gradyanı canlı tutar.",
    },
    "copying.title": {"zh": "照抄输入", "tr": "Kopyalıyor"},
    "copying": {
        "zh": (
            "从“{source}”到“{target}”的生成器照抄输入：颜色和纹理只改变 {change:.3f}（满值 2）。"
        ),
        "tr": (
            "{source} → {target} üreteci girdisini kopyalıyor: renkler ve doku yalnızca "
            "{change:.3f} değişiyor (2 üzerinden)."
        ),
    },
    "copying.remedy": {
        "zh": (
            "请开始新的训练，让改变的代价更小：降低 lambda_identity（现为 {lambda_identity:g}）、"
            "lambda_self（{lambda_self:g}）或 lambda_cycle（{lambda_cycle:g}）；"
            "并用“检查图片”看看两类是否不同。"
        ),
        "tr": (
            "Değiştirmenin daha az pahalı olduğu yeni bir eğitim başlatın: daha düşük "
            "lambda_identity (şimdi {lambda_identity:g}), lambda_self ({lambda_self:g}) ya da "
            "lambda_cycle ({lambda_cycle:g}); türlerin farklı olup olmadığına da "
            "“Resimleri incele” ile bakın."
        ),
    },
    "colours-inverted.title": {"zh": "颜色反转", "tr": "Renkler ters"},
    "colours-inverted": {
        "zh": (
            "从“{source}”到“{target}”的生成器把颜色变成相反色（相关系数 "
            "{colour_correlation:+.2f}）；来回一次正好抵消，因此没有损失能阻止它。"
        ),
        "tr": (
            "{source} → {target} üreteci renkleri karşıtına çeviriyor (korelasyon "
            "{colour_correlation:+.2f}); gidiş dönüş bunu geri alır, bu yüzden hiçbir kayıp "
            "engellemez."
        ),
    },
    "colours-inverted.remedy": {
        "zh": (
            "请换一个 seed，或用高于 {lambda_identity:g} 的 lambda_identity（它能保持颜色）"
            "开始新的训练；除非“{source}”和“{target}”本来就互为负片。"
        ),
        "tr": (
            "Başka bir seed ile ya da renkleri koruyan, {lambda_identity:g} değerinden yüksek bir "
            "lambda_identity ile yeni bir eğitim başlatın; {source} ile {target} birbirinin "
            "negatifi değilse."
        ),
    },
    "mode-collapse.title": {"zh": "模式坍塌", "tr": "Tek kalıba düştü"},
    "mode-collapse": {
        "zh": (
            "从“{source}”到“{target}”的生成器对不同的图片给出几乎相同的结果："
            "其差异只有真实图片之间的 {diversity:.0%}。"
        ),
        "tr": (
            "{source} → {target} üreteci farklı resimlere hemen hemen aynı yanıtı veriyor: "
            "çevirileri, gerçek resimlerin {diversity:.0%} kadarı farklı."
        ),
    },
    "mode-collapse.remedy": {
        "zh": (
            "请用高于 {lambda_cycle:g} 的 lambda_cycle（simgan：lambda_self）"
            "或低于 {learning_rate:g} 的 learning_rate 开始新的训练。"
        ),
        "tr": (
            "{lambda_cycle:g} değerinden yüksek bir lambda_cycle (simgan: lambda_self) ya da "
            "{learning_rate:g} değerinden düşük bir learning_rate ile yeni bir eğitim başlatın."
        ),
    },
    "mode-collapse.diffaugment=on": {
        "zh": "图片少时，diffaugment=on 有帮助。",
        "tr": "Resim azsa diffaugment=on işe yarar.",
    },
    "checkerboard.title": {"zh": "网格", "tr": "Izgara deseni"},
    "checkerboard": {
        "zh": (
            "从“{source}”到“{target}”的转换结果有网格：最细的细节中，每隔几个像素就重复的成分是"
            "真实图片的 {checkerboard:.1f} 倍。"
        ),
        "tr": (
            "{source} → {target} çevirilerinde ızgara görünüyor: en ince ayrıntıda birkaç pikselde "
            "bir yinelenenler gerçek resimlerdekinin {checkerboard:.1f} katı."
        ),
    },
    "checkerboard.remedy": {
        "zh": "随着训练继续，它往往会消退。",
        "tr": "Eğitim sürdükçe çoğu kez silinir.",
    },
    "checkerboard.generator_upsample=resize": {
        "zh": "如果一直存在：在新的训练中设 generator=resnet6 和 generator_upsample=resize。",
        "tr": ("Kalırsa: yeni bir eğitimde generator=resnet6 ve generator_upsample=resize."),
    },
    "blobs.title": {"zh": "色块", "tr": "Lekeler"},
    "blobs": {
        "zh": (
            "从“{source}”到“{target}”的转换结果有色块：与真实图片相比，"
            "多出 {blobs:.1%} 的面积是原本没有的纯黑、纯白或纯色。"
        ),
        "tr": (
            "{source} → {target} çevirilerinde lekeler var: gerçek resimlere göre alanın "
            "{blobs:.1%} fazlası, önceden olmayan düz siyah, beyaz ya da tam renk."
        ),
    },
    "blobs.remedy": {
        "zh": (
            "请用低于 {learning_rate:g} 的 learning_rate 或高于 {lambda_identity:g} 的 "
            "lambda_identity 开始新的训练。"
        ),
        "tr": (
            "{learning_rate:g} değerinden düşük bir learning_rate ya da {lambda_identity:g} "
            "değerinden yüksek bir lambda_identity ile yeni bir eğitim başlatın."
        ),
    },
    "blobs.generator=plain": {
        "zh": "ResNet 的归一化会产生色块，generator=plain 没有归一化。",
        "tr": "ResNet'lerin normalizasyonu leke yapar; generator=plain ayarında o yoktur.",
    },
    "diverging.title": {"zh": "偏离教师模型", "tr": "Öğretmenden sapıyor"},
    "diverging": {
        "zh": (
            "从“{source}”到“{target}”的学生模型没有跟随教师模型："
            "两者的结果相差 {astray:.2f}（满值 2）。"
        ),
        "tr": (
            "{source} → {target} öğrencisi öğretmenini izlemiyor: çevirileri öğretmeninkilerden "
            "{astray:.2f} uzakta (2 üzerinden)."
        ),
    },
    "diverging.remedy": {
        "zh": (
            "教师模型和最近的检查点没有变；请用低于 {learning_rate:g} 的 learning_rate "
            "或高于 {lambda_teacher:g} 的 lambda_teacher 开始新的训练。"
        ),
        "tr": (
            "Öğretmen ve son kontrol noktaları olduğu gibi; {learning_rate:g} değerinden düşük bir "
            "learning_rate ya da {lambda_teacher:g} değerinden yüksek bir lambda_teacher ile yeni "
            "bir eğitim başlatın."
        ),
    },
    "non-finite.title": {"zh": "数值溢出", "tr": "Sayılar taştı"},
    "non-finite": {
        "zh": "看过 {images_seen} 张图片之前，训练中的数值变成了无穷大或不再是数。",
        "tr": "{images_seen} resimden önce eğitimin sayıları sonsuz ya da tanımsız oldu.",
    },
    "non-finite.remedy": {
        "zh": "之前的检查点保留着；请用更低的 learning_rate 或 precision=fp32 开始新的训练。",
        "tr": (
            "Ondan önceki son kontrol noktası duruyor; daha düşük bir learning_rate ile ya da "
            "precision=fp32 ile yeni bir eğitim başlatın."
        ),
    },
}
